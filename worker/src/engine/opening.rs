// SPDX-License-Identifier: Apache-2.0
//! Openings: by the device, and by the processor in its place if the device fails, errs or hangs. A commit that is drawn and not opened costs the bond.

use super::EngineError;
use crate::{
    prover::{Prover, ProverError, Rescue},
    state::Work,
};
use compute_proof::{
    prove::{OpenError, Opening, RoundStore},
    verify, Claim, Device, Hash, VerifyError, SAMPLES,
};
use std::{
    future::Future,
    io,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};
use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
    time::timeout,
};
use tracing::{Instrument, Span};

/// A device has so long for an opening in any case: one that was lost is taken up afresh.
const LEAST: Duration = Duration::from_secs(10);
/// And so many times as long as rounds took of late.
const SLACK: u32 = 4;
/// But no more than this part of what is left of the opening window: the rest is the processor's, which may need minutes.
const PART: u32 = 8;

/// How long the device alone may take for an opening, if a round took `round` of late and the opening window lasts for `left`.
pub fn patience(round: Option<Duration>, left: Duration) -> Duration {
    // Each sample may be of another round.
    let samples = u32::try_from(SAMPLES).unwrap_or(u32::MAX);
    let expected = round
        .unwrap_or_default()
        .saturating_mul(samples.saturating_mul(SLACK));
    expected.max(LEAST).min(left / PART)
}

/// What is to be opened.
pub struct Order {
    /// Whose rounds.
    pub device: Device,
    /// Which.
    pub work: Work,
    /// What was claimed of them.
    pub claim: Claim,
    /// What draws the samples.
    pub seed: Hash,
    /// The rounds that were claimed.
    pub store: RoundStore,
}

/// An opening could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The rounds could not be computed again, or came out as others.
    #[error(transparent)]
    Open(#[from] OpenError<Stopped>),
    /// The opening is not one that the chain would take.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// There is nothing to compute with.
    #[error(transparent)]
    Prover(#[from] ProverError),
}

/// A round of an opening was not computed.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The prover can't.
    #[error(transparent)]
    Prover(#[from] ProverError),
    /// Nobody wants it any more.
    #[error("nobody waits for this opening any more")]
    Unwanted,
}

impl Failure {
    /// Whether the device is of no use to this process any more.
    pub const fn is_loss(&self) -> bool {
        matches!(self, Self::Open(OpenError::Backend(Stopped::Prover(error))) if error.is_loss())
    }
}

impl Order {
    /// Makes the opening, and verifies it as the chain will. Stops before the next round once nobody waits for the answer.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn carry_out(
        &self,
        prover: &mut dyn Prover,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Opening, Failure> {
        let opening = self
            .store
            .open(&self.seed, |_, seed, indices| match is_wanted() {
                true => Ok(prover.leaves(self.store.class(), seed, indices)?),
                false => Err(Stopped::Unwanted),
            })?;
        verify(
            &self.device,
            &self.work.challenge,
            &self.claim,
            &self.seed,
            &opening.top,
            &opening.samples,
        )?;
        Ok(opening)
    }
}

/// Where an opening, or why there is none, is sent to.
pub type Answer = oneshot::Sender<Result<Opening, Failure>>;

/// Has `device` carry out an order; if it does not within `patience`, `rescue` does it too, and whoever is first has done it. Without a rescue the
/// device has all the time that it needs.
///
/// # Errors
/// [`EngineError::Faulty`], [`EngineError::Gone`].
pub async fn open(
    order: Arc<Order>,
    device: impl FnOnce(Arc<Order>, Answer) -> Result<(), EngineError>,
    rescue: Option<Rescue>,
    patience: Duration,
) -> Result<Opening, EngineError> {
    let (answer, mut by_device) = oneshot::channel();
    let asked = device(order.clone(), answer);
    let Some(rescue) = rescue else {
        asked?;
        let result = by_device.await.map_err(|_| EngineError::Gone)?;
        return result.map_err(|failure| EngineError::Faulty(failure.to_string()));
    };
    let (reason, hangs) = match timeout(patience, &mut by_device).await {
        Ok(Ok(Ok(opening))) => return Ok(opening),
        Ok(Ok(Err(failure))) => (failure.to_string(), false),
        Ok(Err(_)) => (EngineError::Gone.to_string(), false),
        Err(_) => (format!("no answer in {patience:?}"), true),
    };
    let census = order.work.census;
    tracing::error!(
        census,
        reason,
        "the device does not open the commit: the processor computes it"
    );
    let by_rescue =
        by_rescue(order, rescue).map_err(|error| EngineError::Faulty(format!("{reason}; {error}")))?;
    let by_rescue = async {
        match by_rescue.await {
            Ok(Ok(opening)) => Ok(opening),
            Ok(Err(failure)) => Err(format!("{reason}; on the processor: {failure}")),
            Err(_) => Err(format!("{reason}; on the processor: {}", EngineError::Gone)),
        }
    };
    if !hangs {
        return by_rescue.await.map_err(EngineError::Faulty);
    }
    // Whoever is first; and if one can't, the other.
    let by_device = async { by_device.await.ok().and_then(Result::ok) };
    tokio::pin!(by_rescue, by_device);
    tokio::select! {
        opening = &mut by_device => match opening {
            Some(opening) => Ok(opening),
            None => by_rescue.await.map_err(EngineError::Faulty),
        },
        opening = &mut by_rescue => match opening {
            Ok(opening) => Ok(opening),
            Err(reason) => {
                tracing::error!(census, reason, "the processor does not open the commit either: the device is waited for");
                by_device.await.ok_or(EngineError::Faulty(reason))
            }
        },
    }
}

/// Has `rescue` carry out an order in a thread of its own.
fn by_rescue(order: Arc<Order>, rescue: Rescue) -> io::Result<oneshot::Receiver<Result<Opening, Failure>>> {
    let (answer, result) = oneshot::channel();
    let span = Span::current();
    thread::Builder::new()
        .name("ergon-rescue".into())
        .spawn(move || {
            let _of_its_device = span.entered();
            let opening = rescue()
                .map_err(Failure::from)
                .and_then(|mut prover| order.carry_out(&mut *prover, || !answer.is_closed()));
            // Whoever asked may have given up waiting; then nobody needs the answer.
            drop(answer.send(opening));
        })?;
    Ok(result)
}

/// What an opening is of.
pub type Key = (Work, Claim, Hash);

/// Where an opening is told, once it is made.
pub type Told = watch::Receiver<Option<Result<Opening, EngineError>>>;

struct Making {
    key: Key,
    told: Told,
    /// Ends with it.
    _task: JoinSet<()>,
}

impl Making {
    fn is_of(&self, key: &Key) -> bool {
        self.key == *key
            && match &*self.told.borrow() {
                Some(result) => result.is_ok(),
                // Unless whoever makes it has panicked.
                None => self.told.has_changed().is_ok(),
            }
    }
}

/// The opening that is being made, or was made last. Another takes its place; then nobody waits for it any more.
#[derive(Clone, Default)]
pub struct Current(Arc<Mutex<Option<Making>>>);

impl Current {
    /// Where the opening of `key` is told: that which is being made already, unless it has failed; else the one that `make` makes.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn join<F>(
        &self,
        key: Key,
        make: impl FnOnce() -> Result<F, EngineError>,
    ) -> Result<Told, EngineError>
    where
        F: Future<Output = Result<Opening, EngineError>> + Send + 'static,
    {
        // Whoever panicked holding it left it whole.
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(making) = current.as_ref().filter(|making| making.is_of(&key)) {
            return Ok(making.told.clone());
        }
        let opening = make()?;
        let (tell, told) = watch::channel(None);
        let mut task = JoinSet::new();
        let opening = opening.in_current_span();
        task.spawn(async move { drop(tell.send_replace(Some(opening.await))) });
        *current = Some(Making {
            key,
            told: told.clone(),
            _task: task,
        });
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_what_its_rounds_take_and_leaves_most_of_the_window_to_the_processor() {
        let window = Duration::from_secs(300);
        assert_eq!(patience(None, window), LEAST);
        assert_eq!(patience(Some(Duration::from_millis(20)), window), LEAST);
        assert_eq!(
            patience(Some(Duration::from_secs(1)), window),
            Duration::from_secs(32)
        );
        assert_eq!(patience(Some(Duration::from_secs(9)), window), window / 8);
        assert_eq!(patience(None, Duration::ZERO), Duration::ZERO);
        assert_eq!(patience(Some(Duration::MAX), Duration::MAX), Duration::MAX / 8);
    }
}
