// SPDX-License-Identifier: Apache-2.0
//! What a device begins with: chosen, measured, and in reach of the chain.

use super::{choose, reach, Choice};
use crate::{
    chain::{client::Client, Rules},
    config::Shape,
    error::{Code, Error},
    prover::{
        choice::{self, Wish},
        cuda, Prover,
    },
};
use std::time::Duration;
use tokio::{task::spawn_blocking, time::timeout};
use tracing::Span;

/// A device may take so long to answer at the start: its routes are measured one after the other, kernels are compiled, and classes measured.
const START: Duration = cuda::PATIENCE
    .saturating_mul(cuda::Route::ALL.len() as u32)
    .saturating_add(Duration::from_secs(80));

/// Why a device does not begin.
pub struct Unready {
    /// The reason.
    pub error: Error,
    /// Whether it may pass, and this process see it.
    pub passes: bool,
}

impl From<Error> for Unready {
    fn from(error: Error) -> Self {
        Self { error, passes: false }
    }
}

/// What a worker begins with.
pub struct Ready {
    /// What computes.
    pub prover: Box<dyn Prover>,
    /// The UUID of its card.
    pub uuid: Option<String>,
    /// What counts on the chain.
    pub rules: Rules,
    /// What to compute.
    pub choice: Choice,
}

/// Chooses what computes, reaches the chain, and measures what counts there.
pub async fn make_ready(client: &Client, wish: Wish, shape: Shape) -> Result<Ready, Unready> {
    let chosen = ask_device(move || Ok(choice::choose(&cuda::here(), &wish))).await?;
    let mut prover = chosen.map_err(|error| Unready {
        passes: error.may_pass_here(),
        error: error.into(),
    })?;
    let rules = reach(client).await?;
    let ready = ask_device(move || {
        let choice = choose(&mut *prover, &rules, shape)?;
        Ok(Ready {
            uuid: prover.uuid(),
            prover,
            rules,
            choice,
        })
    });
    Ok(ready.await?)
}

/// Asks something of the device in a thread of its own: one that hangs must not keep a commit of an earlier life from being opened.
pub async fn ask_device<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let span = Span::current();
    let question = move || span.in_scope(question);
    match timeout(START, spawn_blocking(question)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Err(Error::new(Code::Failed, error)),
        Err(_) => Err(
            Error::new(Code::Failed, format!("the device did not answer in {START:?}"))
                .mend("Does `nvidia-smi` answer? Restart the machine if it does not."),
        ),
    }
}

/// Told to end before there was anything to end.
pub fn stopped_early() -> Error {
    Error::new(Code::Unreachable, "stopped before device and chain were ready")
}

/// Whether the device is to blame, or its shape, so that another may open what an earlier life has committed to.
pub const fn is_of_device(error: &Error) -> bool {
    matches!(error.code, Code::Device | Code::Shape | Code::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prover::ProverError;

    #[test]
    fn only_what_the_device_is_to_blame_for_is_finished_without_it() {
        for code in [Code::Device, Code::Shape, Code::Failed] {
            assert!(is_of_device(&Error::new(code, "gone")));
        }
        assert!(!is_of_device(&Error::new(Code::Incompatible, "another chain")));
    }

    #[tokio::test]
    async fn a_question_that_the_device_can_t_answer_is_an_error() {
        let answer = ask_device(|| Ok(1)).await;
        assert_eq!(answer.unwrap(), 1);
        let refused = ask_device(|| Err::<(), _>(ProverError::NoBackend.into())).await;
        assert_eq!(refused.unwrap_err().code, Code::Device);
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_that_hangs_at_the_start_is_an_error_after_a_while() {
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let question = ask_device(move || {
            told.recv().ok();
            Ok(())
        });
        let passes = async {
            tokio::time::advance(START + Duration::from_secs(1)).await;
            drop(tell);
        };
        let (answer, ()) = tokio::join!(question, passes);
        let error = answer.unwrap_err();
        assert_eq!(error.code.number(), 1);
        assert!(error.to_string().contains("did not answer"), "{error}");
    }
}
