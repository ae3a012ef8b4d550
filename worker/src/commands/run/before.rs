// SPDX-License-Identifier: Apache-2.0
//! What an earlier life has committed to is opened, even where the device does not begin.

use super::{reach, ready::ask_device};
use crate::{
    chain::client::Client,
    commands::signals::Signals,
    engine::Engine,
    error::{disk, Error},
    openings::Openings,
    prover::choice::processor,
    service::{Control, Ended, Service},
};
use compute_proof::Device;
use std::{num::NonZeroUsize, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

/// What an earlier life of a device, or of its thread, has left.
#[derive(Clone)]
pub struct Before<'a> {
    /// The chain.
    pub client: Client,
    /// The device.
    pub device: Device,
    /// Its saved rounds.
    pub openings: Openings,
    /// Threads of the processor, which opens in its place.
    pub threads: Option<NonZeroUsize>,
    /// When to end.
    pub signals: &'a Signals,
}

impl Before<'_> {
    /// A worker that can't begin or go on, because of `error`, opens all the same what was committed to, as far as its rounds are on the
    /// disk: unless it is to end at once. Answers why it ends.
    pub async fn finish(self, error: Error) -> Error {
        let census = match self.openings.last_census() {
            Ok(None) => return error,
            Ok(census) => census,
            Err(unread) => {
                // No reason to give a bond up.
                tracing::error!("whether there are saved rounds could not be seen: {unread}");
                None
            }
        };
        tracing::error!("{error}");
        tracing::info!("before it ends for that, the processor opens what may stand on the chain");
        let signals = self.signals;
        let service = tokio::select! {
            service = self.service() => service,
            () = signals.at_once() => {
                if let Some(census) = census {
                    tell_risk(census);
                }
                return error;
            }
        };
        let finished = async {
            let service = service?;
            let (ask, asked) = mpsc::channel(4);
            ask.send(Control::Drain).await.ok();
            let mut beside = JoinSet::new();
            beside.spawn(signals.clone().tell(ask.clone()));
            let watchers = watch::Sender::new(service.snapshot());
            Ok::<_, Error>(service.run(asked, watchers).await?)
        };
        match finished.await {
            Ok(Ended::Drained) => tracing::info!("nothing is left to open"),
            Ok(Ended::Stopped { at_risk: None }) => {}
            Ok(Ended::Stopped {
                at_risk: Some(census),
            }) => tell_risk(census),
            Err(other) => tracing::error!("what may stand on the chain was not opened: {other}"),
        }
        error
    }

    /// A service that commits to nothing.
    async fn service(self) -> Result<Service<Client>, Error> {
        let rules = reach(&self.client).await?;
        let threads = self.threads;
        let prover = ask_device(move || Ok(processor(threads)()?)).await?;
        let engine = Engine::start(self.device, prover, None).map_err(disk)?;
        let block = Duration::from_millis(rules.block_ms);
        Ok(Service::finishing(
            self.client,
            engine,
            self.openings,
            self.device,
            block,
        ))
    }
}

/// Says what may be lost.
pub fn tell_risk(census: u32) {
    tracing::warn!(
        census,
        "stopped: the commit may have to be opened; start again soon, or it costs the bond"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Code, state::Work};
    use compute_proof::Class;
    use tokio::time::timeout;

    const DEVICE: Device = Device {
        asset: 0,
        prover: [0xAA; 32],
    };

    /// Nobody listens there.
    fn nowhere() -> Client {
        Client::new(vec!["ws://127.0.0.1:9".into()], 0, DEVICE.prover.into(), None)
    }

    fn before<'a>(data: &std::path::Path, signals: &'a Signals) -> Before<'a> {
        Before {
            client: nowhere(),
            device: DEVICE,
            openings: Openings::new(data, DEVICE).unwrap(),
            threads: NonZeroUsize::new(1),
            signals,
        }
    }

    #[tokio::test]
    async fn an_error_is_reported_without_a_chain_where_no_rounds_are_on_the_disk() {
        let data = tempfile::tempdir().unwrap();
        let signals = Signals::that_came(&[]);
        let error = before(data.path(), &signals)
            .finish(Error::new(Code::Device, "gone"))
            .await;
        assert_eq!(error.code, Code::Device);
    }

    #[tokio::test]
    async fn where_there_are_rounds_the_chain_is_asked_until_the_process_is_to_end_at_once() {
        let data = tempfile::tempdir().unwrap();
        let work = Work {
            census: 1,
            challenge: [1; 32],
            class: Class::Xs,
        };
        Openings::new(data.path(), DEVICE)
            .unwrap()
            .save(&work, &[[1; 32]])
            .unwrap();
        let finish = async |signals: &[Control]| {
            let signals = Signals::that_came(signals);
            let finish = before(data.path(), &signals).finish(Error::new(Code::Device, "gone"));
            timeout(Duration::from_millis(50), finish).await
        };
        // SIGTERM lets it be opened.
        for asked in [&[][..], &[Control::Leave]] {
            assert!(finish(asked).await.is_err());
        }
        for asked in [&[Control::Stop][..], &[Control::Leave, Control::Leave]] {
            assert_eq!(finish(asked).await.unwrap().code, Code::Device);
        }
    }
}
