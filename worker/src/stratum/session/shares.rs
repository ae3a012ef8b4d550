// SPDX-License-Identifier: Apache-2.0
//! What becomes of a share.

use super::{memory::Memory, Effect, Forward, Moment, Session};
use crate::stratum::{
    difficulty::Difficulty,
    job::{Job, JobId, Source, Split, MAX_TIME_AHEAD},
    limit::Cost,
    protocol::{granted, refused, Code, Id, Refusal, Submit},
    statistics::Verdict,
};
use compute_proof::Hash;
use primitive_types::U256;
use serde_json::json;
use std::sync::Arc;

/// A job that this connection was given.
#[derive(Debug)]
pub(super) struct Sent {
    pub job: Arc<Job>,
    extranonce1: Vec<u8>,
    split: Split,
    /// Bits of the version that it may roll.
    mask: u32,
    /// The difficulty of its shares, if it is not harder by now.
    difficulty: Difficulty,
}

impl Sent {
    pub fn new(job: Arc<Job>, extranonce1: Vec<u8>, split: Split, mask: u32, difficulty: Difficulty) -> Self {
        Self {
            job,
            extranonce1,
            split,
            mask,
            difficulty,
        }
    }

    /// Takes easier shares too, as the miner may have been told.
    pub fn lower(&mut self, difficulty: Option<Difficulty>) {
        self.difficulty = difficulty.map_or(self.difficulty, |told| self.difficulty.min(told));
    }

    /// Takes a share, or says what is wrong with it. And at which difficulty it counts.
    fn take(
        &self,
        submit: &Submit,
        moment: Moment,
        memory: &mut Memory,
    ) -> Result<(Effect, Difficulty), Wrong> {
        let invalid = |message: String| {
            Wrong(
                Verdict::Invalid,
                Cost::BadShare,
                Refusal::new(Code::Other, message),
            )
        };
        let template = &self.job.template;
        if submit.extranonce2.len() != self.split.extranonce2 {
            return Err(invalid(format!(
                "extranonce2 must have {} bytes",
                self.split.extranonce2
            )));
        }
        let times = template.earliest..=moment.unix.saturating_add(MAX_TIME_AHEAD);
        if !times.contains(&submit.ntime) {
            return Err(invalid(format!(
                "ntime must be from {:08x} to {:08x}",
                times.start(),
                times.end()
            )));
        }
        let bits = submit.version_bits.unwrap_or(template.version & self.mask);
        if bits & !self.mask != 0 {
            return Err(invalid(format!(
                "version bits must be under the mask {:08x}",
                self.mask
            )));
        }
        let version = template.version & !self.mask | bits;
        let extranonces = (&self.extranonce1[..], &submit.extranonce2[..]);
        let solution = self
            .job
            .solution(extranonces, submit.ntime, submit.nonce, version)
            .ok_or_else(|| invalid("extranonce2 does not fit the job".into()))?;
        let bytes: Hash = self.job.hash(&solution);
        let hash = U256::from_little_endian(&bytes);
        let difficulty = self.difficulty.max(memory.floor(&self.job));
        if hash > difficulty.target() {
            let refusal = Refusal::new(
                Code::LowDifficulty,
                format!("the hash is above the target of difficulty {difficulty}"),
            );
            return Err(Wrong(Verdict::Low, Cost::BadShare, refusal));
        }
        if !memory.insert(&self.job, hash) {
            let refusal = Refusal::new(Code::Duplicate, "duplicate share");
            return Err(Wrong(Verdict::Duplicate, Cost::BadShare, refusal));
        }
        let effect = match (&template.source, self.job.share(&solution)) {
            (Source::Census { challenge, .. }, Some(share)) => Effect::Offer {
                challenge: *challenge,
                hash,
                share,
            },
            (Source::Upstream { id }, _) => Effect::Forward {
                id: Id::None,
                user: submit.user.clone(),
                difficulty,
                share: Forward {
                    job: id.clone(),
                    extranonce2: self.job.extranonce(&solution).to_vec(),
                    ntime: submit.ntime,
                    nonce: submit.nonce,
                    version_bits: (template.version_mask != 0).then_some(version & template.version_mask),
                },
            },
            (Source::Idle | Source::Census { .. }, _) => Effect::Count {
                user: submit.user.clone(),
                verdict: Verdict::Accepted(difficulty),
            },
        };
        Ok((effect, difficulty))
    }
}

/// What is wrong with a share.
struct Wrong(Verdict, Cost, Refusal);

impl Session {
    /// Takes a share.
    pub(super) fn on_submit(&mut self, id: &Id, submit: Submit, moment: Moment) -> Vec<Effect> {
        match self.check(&submit, moment) {
            Ok((effect, difficulty)) => {
                let mut effects = vec![Effect::Spend(Cost::Line, None)];
                self.vardiff.on_share(difficulty, moment.now);
                // A pool's answer is awaited; anything else is answered here.
                match effect {
                    Effect::Forward {
                        user,
                        difficulty,
                        share,
                        ..
                    } => effects.push(Effect::Forward {
                        id: id.clone(),
                        user,
                        difficulty,
                        share,
                    }),
                    effect => {
                        effects.push(Effect::Send(granted(id, &json!(true))));
                        if matches!(effect, Effect::Offer { .. }) {
                            effects.push(Effect::Count {
                                user: submit.user,
                                verdict: Verdict::Accepted(difficulty),
                            });
                        }
                        effects.push(effect);
                    }
                }
                // More came than can be remembered: from now on only harder ones count.
                if self.told.is_some_and(|told| told < self.difficulty()) {
                    effects.extend(self.renew(moment));
                }
                effects
            }
            Err(Wrong(verdict, cost, refusal)) => {
                let mut effects = vec![Effect::Send(refused(id, &refusal))];
                if self.users.contains(&submit.user) {
                    effects.push(Effect::Count {
                        user: submit.user,
                        verdict,
                    });
                }
                let fault = (verdict != Verdict::Stale).then_some(refusal);
                effects.push(Effect::Spend(cost, fault));
                effects
            }
        }
    }

    fn check(&mut self, submit: &Submit, moment: Moment) -> Result<(Effect, Difficulty), Wrong> {
        let refuse = |code, message: &'static str| {
            Err(Wrong(
                Verdict::Invalid,
                Cost::BadShare,
                Refusal::new(code, message),
            ))
        };
        if !self.subscribed {
            return refuse(Code::NotSubscribed, "not subscribed");
        }
        if !self.users.contains(&submit.user) {
            return refuse(Code::Unauthorized, "user is not authorized on this connection");
        }
        let Some(id) = JobId::parse(&submit.job) else {
            return refuse(Code::JobNotFound, "job not found");
        };
        match self.sent.iter().find(|sent| sent.job.id == id) {
            Some(sent) => sent.take(submit, moment, &mut self.memory),
            None if Some(id) <= self.highest => Err(Wrong(
                Verdict::Stale,
                Cost::Line,
                Refusal::new(Code::JobNotFound, "stale: the job is over"),
            )),
            None => refuse(Code::JobNotFound, "job not found"),
        }
    }
}
