// SPDX-License-Identifier: Apache-2.0
//! The test vectors: what is in `vectors/*.json`, made by the reference prover.

use codec::Encode;
use compute_proof::{
    draw, is_drawn,
    prove::{open, open_with_known_seed, prove, Opening, Reference, RoundStore},
    work::{cell, digest, fill_row, Matrix},
    Claim, Class, Device, Hash,
};
use serde_json::{json, Value};

/// One file of vectors.
pub struct Vector {
    /// Name of the file, without `.json`.
    pub name: &'static str,
    class: Class,
    rounds: u32,
    asset: u64,
    /// Whether every round was computed; otherwise the opening comes from [`open_with_known_seed`].
    whole: bool,
}

/// All files of vectors.
pub const VECTORS: [Vector; 11] = [
    Vector {
        name: "xs-1",
        class: Class::Xs,
        rounds: 1,
        asset: 0,
        whole: true,
    },
    Vector {
        name: "xs-2",
        class: Class::Xs,
        rounds: 2,
        asset: 1,
        whole: true,
    },
    Vector {
        name: "xs-3",
        class: Class::Xs,
        rounds: 3,
        asset: 2,
        whole: true,
    },
    Vector {
        name: "xs-5",
        class: Class::Xs,
        rounds: 5,
        asset: u64::MAX,
        whole: true,
    },
    Vector {
        name: "xs-64",
        class: Class::Xs,
        rounds: 64,
        asset: 1 << 40,
        whole: true,
    },
    Vector {
        name: "s-1",
        class: Class::S,
        rounds: 1,
        asset: 5,
        whole: true,
    },
    Vector {
        name: "s-3",
        class: Class::S,
        rounds: 3,
        asset: 6,
        whole: true,
    },
    Vector {
        name: "m-1",
        class: Class::M,
        rounds: 1,
        asset: 7,
        whole: true,
    },
    Vector {
        name: "m-256-sparse",
        class: Class::M,
        rounds: 256,
        asset: 8,
        whole: false,
    },
    Vector {
        name: "l-1000-sparse",
        class: Class::L,
        rounds: 1000,
        asset: 9,
        whole: false,
    },
    Vector {
        name: "xl-65536-sparse",
        class: Class::Xl,
        rounds: 65_536,
        asset: 10,
        whole: false,
    },
];

impl Vector {
    /// Computes the file's content. Takes as long as its rounds do in plain loops.
    pub fn compute(&self) -> Value {
        let device = self.device();
        if !self.whole {
            let made = open_with_known_seed(
                &self.challenge(),
                &device,
                self.class,
                self.rounds,
                &self.open_seed(),
            );
            let (claim, opening) = made.expect("rounds within the limit");
            return self.file(&claim, &opening, None);
        }
        let store = prove(
            &mut Reference,
            &self.challenge(),
            &device,
            self.class,
            self.rounds,
        )
        .expect("rounds within the limit");
        let opening = open(&mut Reference, &store, &self.open_seed()).expect("the reference repeats itself");
        self.file(&store.claim(), &opening, Some(&store))
    }

    /// Multiply-accumulates that [`Self::compute`] takes, about.
    pub fn macs(&self) -> u128 {
        if self.whole {
            self.class.work(self.rounds)
        } else {
            0
        }
    }

    fn challenge(&self) -> Hash {
        *blake3::hash(format!("challenge of {}", self.name).as_bytes()).as_bytes()
    }

    fn open_seed(&self) -> Hash {
        *blake3::hash(format!("opening seed of {}", self.name).as_bytes()).as_bytes()
    }

    fn device(&self) -> Device {
        let prover = *blake3::hash(format!("prover of {}", self.name).as_bytes()).as_bytes();
        Device {
            asset: self.asset,
            prover,
        }
    }

    fn file(&self, claim: &Claim, opening: &Opening, store: Option<&RoundStore>) -> Value {
        let device = self.device();
        let d = compute_proof::device_key(&self.challenge(), &device);
        let positions =
            draw(&self.open_seed(), &d, claim.class, claim.rounds).expect("rounds within the limit");
        let mut file = json!({
            "asset": device.asset.to_string(),
            "challenge": hex::encode(self.challenge()),
            "prover": hex::encode(device.prover),
            "class": claim.class.index(),
            "shape": claim.class.name(),
            "rounds": claim.rounds,
            "d": hex::encode(d),
            "commitment": hex::encode(claim.commitment),
            "top": hex::encode(opening.top),
            "open_seed": hex::encode(self.open_seed()),
            "drawn": is_drawn(&self.open_seed(), &d),
            "positions": positions.map(|p| json!({ "round": p.round, "row": p.row, "column": p.column })),
            "samples": hex::encode(&opening.samples),
            "payload": hex::encode(opening.encode()),
        });
        if let Some(store) = store {
            file["roots"] = store.roots().iter().map(hex::encode).collect();
            file["work"] = (1..=claim.rounds.min(4))
                .map(|round| round_values(store, round))
                .collect();
        }
        file
    }
}

/// Values within a round, for those who build a backend step by step.
fn round_values(store: &RoundStore, round: u32) -> Value {
    let (class, seed) = (
        store.class(),
        store.seed(round).expect("the roots before are there"),
    );
    let (last_row, last_column) = (class.m() - 1, class.n() - 1);
    let start = |matrix, row| {
        let mut bytes = [0; 128];
        fill_row(&seed, matrix, row, &mut bytes);
        hex::encode(bytes)
    };
    let corners = [(0, 0), (0, last_column), (last_row, 0), (last_row, last_column)].map(|(row, column)| {
        let y = cell(&seed, class, row, column);
        json!({ "row": row, "column": column, "y": y, "digest": digest(y) })
    });
    json!({
        "round": round,
        "seed": hex::encode(seed),
        "a_first_row": start(Matrix::A, 0),
        "a_last_row": start(Matrix::A, last_row),
        "b_first_row": start(Matrix::B, 0),
        "b_last_row": start(Matrix::B, last_column),
        "cells": corners,
    })
}
