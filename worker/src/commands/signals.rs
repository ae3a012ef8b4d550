// SPDX-License-Identifier: Apache-2.0
//! SIGINT and SIGTERM, for all that a process does. They are listened to from its beginning on, so that none is lost between two that wait.

use crate::{
    error::{Code, Error},
    service::Control,
};
use std::future::{pending, Future};
use tokio::{
    signal,
    sync::{mpsc, watch},
    task::JoinSet,
};

/// What has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// How the first asks to end.
    first: Option<Control>,
    /// Another has come since.
    again: bool,
}

/// The signals that have come, and those that will.
#[derive(Clone, Debug)]
pub struct Signals(watch::Receiver<Seen>);

impl Signals {
    /// Listens, as long as `beside` lasts. From here on they end nothing by themselves, so it comes after whatever asks a person something.
    ///
    /// # Errors
    /// [`Code::Failed`]: the operating system lets nobody listen.
    pub fn listen(beside: &mut JoinSet<()>) -> Result<Self, Error> {
        let mut incoming = Incoming::new()
            .map_err(|error| Error::new(Code::Failed, format!("cannot listen to signals: {error}")))?;
        let (tell, seen) = watch::channel(Seen::default());
        beside.spawn(async move {
            loop {
                let how = incoming.next().await;
                note(&tell, how);
            }
        });
        Ok(Self(seen))
    }

    /// Waits until the process is asked to end, and says how.
    pub async fn asked(&self) -> Control {
        let mut seen = self.0.clone();
        let first = seen.wait_for(|seen| seen.first.is_some()).await;
        match first.ok().and_then(|seen| seen.first) {
            Some(how) => how,
            None => pending().await,
        }
    }

    /// Waits until the process is asked to end at once: by SIGINT, or by a second signal.
    pub async fn at_once(&self) {
        let mut seen = self.0.clone();
        let at_once = |seen: &Seen| seen.first == Some(Control::Stop) || seen.again;
        if seen.wait_for(at_once).await.is_err() {
            pending().await
        }
    }

    /// The result of `work`, or how to end, if that is asked for first.
    pub async fn or_asked<T>(&self, work: impl Future<Output = T>) -> Result<T, Control> {
        tokio::select! {
            result = work => Ok(result),
            how = self.asked() => Err(how),
        }
    }

    /// Hands on to a service what is asked for.
    pub async fn tell(self, ask: mpsc::Sender<Control>) {
        // Nobody listens any more: then it has ended.
        ask.send(self.asked().await).await.ok();
        let mut seen = self.0.clone();
        if seen.wait_for(|seen| seen.again).await.is_ok() {
            ask.send(Control::Stop).await.ok();
        }
    }
}

/// Ctrl-C stops at once. SIGTERM, which service managers send, lets what stands on the chain be opened first; a second one stops at once.
fn note(tell: &watch::Sender<Seen>, how: Control) {
    let before = *tell.borrow();
    match (before.first, how) {
        (None, Control::Leave) => {
            tracing::info!("ending as soon as nothing is lost by it; a second signal ends at once");
        }
        (None, _) => tracing::info!("stopping"),
        (Some(_), _) => tracing::info!("stopping at once"),
    }
    tell.send_replace(Seen {
        first: before.first.or(Some(how)),
        again: before.first.is_some(),
    });
}

/// The operating system's signals.
#[cfg(unix)]
struct Incoming {
    interrupt: signal::unix::Signal,
    terminate: signal::unix::Signal,
}

#[cfg(unix)]
impl Incoming {
    fn new() -> std::io::Result<Self> {
        use signal::unix::{signal, SignalKind};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Control {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Control::Stop,
            Some(()) = self.terminate.recv() => Control::Leave,
            else => pending().await,
        }
    }
}

#[cfg(not(unix))]
struct Incoming;

#[cfg(not(unix))]
impl Incoming {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Control {
        match signal::ctrl_c().await {
            Ok(()) => Control::Stop,
            Err(_) => pending().await,
        }
    }
}

#[cfg(test)]
impl Signals {
    /// As if these had come.
    pub fn that_came(signals: &[Control]) -> Self {
        let (tell, seen) = watch::channel(Seen::default());
        for how in signals {
            note(&tell, *how);
        }
        // Kept open: more may come.
        std::mem::forget(tell);
        Self(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn what_came_before_anyone_waited_is_not_lost() {
        for first in [Control::Leave, Control::Stop] {
            assert_eq!(Signals::that_came(&[first]).asked().await, first);
        }
        assert!(Signals::that_came(&[]).asked().now_or_never().is_none());
    }

    #[tokio::test]
    async fn an_interruption_or_a_second_signal_ends_at_once() {
        let ends = |signals: &[Control]| Signals::that_came(signals).at_once().now_or_never().is_some();
        assert!(!ends(&[]) && !ends(&[Control::Leave]));
        assert!(ends(&[Control::Stop]) && ends(&[Control::Leave, Control::Leave]));
    }

    #[tokio::test]
    async fn a_service_is_told_of_both() {
        let (ask, mut asked) = mpsc::channel(4);
        let mut beside = JoinSet::new();
        beside.spawn(Signals::that_came(&[Control::Leave, Control::Leave]).tell(ask.clone()));
        assert_eq!(asked.recv().await, Some(Control::Leave));
        assert_eq!(asked.recv().await, Some(Control::Stop));
        tokio::task::yield_now().await;
        assert!(matches!(asked.try_recv(), Err(mpsc::error::TryRecvError::Empty)));
    }

    #[tokio::test]
    async fn work_that_is_done_first_is_done() {
        let signals = Signals::that_came(&[]);
        assert_eq!(signals.or_asked(async { 1 }).await, Ok(1));
        let signals = Signals::that_came(&[Control::Leave]);
        assert_eq!(signals.or_asked(pending::<()>()).await, Err(Control::Leave));
    }
}
