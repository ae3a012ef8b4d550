// SPDX-License-Identifier: Apache-2.0
//! Any call of our pallets, made from the runtime's own description of its types: also of those for which nobody wrote a
//! generator. What a type means is told by its name, as far as it goes.

use super::{Draw, Made};
use crate::scene::*;
use codec::{Compact, Decode, Encode};
use compute_primitives::AssetId;
use ergon_runtime::{AccountId, Runtime, RuntimeCall, UNIT};
use scale_info::{
    form::PortableForm, MetaType, PortableRegistry, Registry, Type, TypeDef, TypeDefPrimitive, Variant,
};
use std::sync::OnceLock;

/// Our pallets' place in the runtime begins here.
const FIRST_OF_OURS: u8 = 50;

/// How deep a value may nest.
const MAX_DEPTH: u32 = 12;

/// A call as the runtime describes it.
pub struct Described {
    pub pallet: String,
    pallet_index: u8,
    pub name: String,
    variant: Variant<PortableForm>,
}

struct Description {
    types: PortableRegistry,
    calls: Vec<Described>,
}

fn description() -> &'static Description {
    static DESCRIPTION: OnceLock<Description> = OnceLock::new();
    DESCRIPTION.get_or_init(|| {
        let mut registry = Registry::new();
        let root = registry.register_type(&MetaType::new::<RuntimeCall>()).id;
        let types = PortableRegistry::from(registry);
        let pallets = variants(&types, root)
            .into_iter()
            .filter(|pallet| pallet.index >= FIRST_OF_OURS);
        let calls = pallets
            .flat_map(|pallet| {
                let calls = pallet
                    .fields
                    .first()
                    .map_or_else(Vec::new, |call| variants(&types, call.ty.id));
                calls.into_iter().map(move |call| Described {
                    pallet: pallet.name.clone(),
                    pallet_index: pallet.index,
                    name: call.name.clone(),
                    variant: call,
                })
            })
            .collect();
        Description { types, calls }
    })
}

fn variants(types: &PortableRegistry, id: u32) -> Vec<Variant<PortableForm>> {
    match types.resolve(id).map(|found| &found.type_def) {
        Some(TypeDef::Variant(variant)) => variant.variants.clone(),
        _ => Vec::new(),
    }
}

/// Every call of our pallets.
pub fn calls() -> &'static [Described] {
    &description().calls
}

/// One of all calls of our pallets.
pub fn call(draw: &mut Draw) -> Made {
    let described = draw.entropy.pick(calls())?;
    make(draw, described)
}

/// This call, with arguments of some sense.
fn make(draw: &mut Draw, described: &Described) -> Made {
    let asset = draw.asset();
    let mut bytes = vec![described.pallet_index, described.variant.index];
    let mut writer = Writer {
        types: &description().types,
        asset,
        draw,
    };
    for field in &described.variant.fields {
        writer.value(field.ty.id, field.name.as_deref().unwrap_or(""), &mut bytes, 0)?;
    }
    let call = RuntimeCall::decode(&mut &bytes[..]).ok()?;
    Some((concerned(draw, asset), call))
}

/// Somebody who has to do with the asset.
fn concerned(draw: &mut Draw, asset: AssetId) -> AccountId {
    let candidate = match draw.entropy.small(0, 3) {
        0 => owner(asset),
        1 => operator(asset),
        2 => draw.entropy.pick(&holders(asset)).map(|(who, ..)| who.clone()),
        _ => None,
    };
    draw.mostly(candidate)
}

struct Writer<'a, 'b, 'c> {
    types: &'static PortableRegistry,
    asset: AssetId,
    draw: &'a mut Draw<'b, 'c>,
}

impl Writer<'_, '_, '_> {
    /// Writes a value of the type, whose field is called so. `None`: that is too deep.
    fn value(&mut self, id: u32, field: &str, out: &mut Vec<u8>, depth: u32) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let found: &Type<PortableForm> = self.types.resolve(id)?;
        match found.path.segments.last().map(String::as_str) {
            Some("AssetId") => {
                self.asset.encode_to(out);
                return Some(());
            }
            Some("AccountId32") => {
                let asset = self.asset;
                concerned(self.draw, asset).encode_to(out);
                return Some(());
            }
            Some("CensusIndex") => {
                self.draw.scene.census.index.encode_to(out);
                return Some(());
            }
            Some("MultiAddress") => {
                out.push(0);
                self.draw.anyone().encode_to(out);
                return Some(());
            }
            Some("Perbill") => {
                self.draw.entropy.small(0, 1_000_000_000).encode_to(out);
                return Some(());
            }
            // A call within a call: as plain as can be.
            Some("RuntimeCall") => {
                RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() }).encode_to(out);
                return Some(());
            }
            _ => {}
        }
        match &found.type_def {
            TypeDef::Composite(composite) => {
                for inner in &composite.fields {
                    self.value(
                        inner.ty.id,
                        inner.name.as_deref().unwrap_or(field),
                        out,
                        depth + 1,
                    )?;
                }
            }
            TypeDef::Variant(variant) => {
                let chosen = self.draw.entropy.pick(&variant.variants)?;
                out.push(chosen.index);
                for inner in &chosen.fields {
                    self.value(
                        inner.ty.id,
                        inner.name.as_deref().unwrap_or(field),
                        out,
                        depth + 1,
                    )?;
                }
            }
            TypeDef::Sequence(sequence) => {
                let count = self.draw.entropy.small(0, 4);
                Compact(count).encode_to(out);
                for _ in 0..count {
                    self.value(sequence.type_param.id, field, out, depth + 1)?;
                }
            }
            TypeDef::Array(array) => {
                for _ in 0..array.len {
                    self.value(array.type_param.id, field, out, depth + 1)?;
                }
            }
            TypeDef::Tuple(tuple) => {
                for inner in &tuple.fields {
                    self.value(inner.id, field, out, depth + 1)?;
                }
            }
            TypeDef::Compact(compact) => {
                let inner = self.types.resolve(compact.type_param.id)?;
                match &inner.type_def {
                    TypeDef::Primitive(primitive) => Compact(self.number(primitive, field)).encode_to(out),
                    _ => Compact(self.asset.0).encode_to(out),
                }
            }
            TypeDef::Primitive(primitive) => self.primitive(primitive, field, out)?,
            TypeDef::BitSequence(_) => return None,
        }
        Some(())
    }

    fn primitive(&mut self, primitive: &TypeDefPrimitive, field: &str, out: &mut Vec<u8>) -> Option<()> {
        let number = self.number(primitive, field);
        match primitive {
            TypeDefPrimitive::Bool => out.push(u8::from(number % 2 == 1)),
            TypeDefPrimitive::Char | TypeDefPrimitive::Str => Compact(0u32).encode_to(out),
            TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => out.extend_from_slice(&number.to_le_bytes()[..1]),
            TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => {
                out.extend_from_slice(&number.to_le_bytes()[..2])
            }
            TypeDefPrimitive::U32 | TypeDefPrimitive::I32 => {
                out.extend_from_slice(&number.to_le_bytes()[..4])
            }
            TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => {
                out.extend_from_slice(&number.to_le_bytes()[..8])
            }
            TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => out.extend_from_slice(&number.to_le_bytes()),
            TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => return None,
        }
        Some(())
    }

    /// A number that may suit the field.
    fn number(&mut self, primitive: &TypeDefPrimitive, field: &str) -> u128 {
        let entropy = &mut self.draw.entropy;
        match primitive {
            TypeDefPrimitive::U128
                if field.contains("price") || field.contains("bond") || field.contains("reserve") =>
            {
                entropy.amount(200 * UNIT)
            }
            // Fractions, or money.
            TypeDefPrimitive::U128 => match entropy.small(0, 2) {
                0 => entropy.amount(UNIT),
                _ => {
                    let supply = supply(self.asset).unwrap_or(100);
                    entropy.amount(supply)
                }
            },
            TypeDefPrimitive::U64 => u128::from(entropy.small(0, 5)),
            // Block numbers and ids alike.
            TypeDefPrimitive::U32 => match entropy.small(0, 2) {
                0 => u128::from(frame_system::Pallet::<Runtime>::block_number() + entropy.small(0, 40)),
                _ => u128::from(entropy.small(0, 8)),
            },
            _ => u128::from(entropy.small(0, 255)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_of_ours_can_be_made() {
        use crate::{
            chain::{genesis, Chain},
            entropy::Entropy,
            scene::{Scene, Secrets},
            session::bytes_of_world,
            world::name_of,
        };

        sp_state_machine::BasicExternalities::new(genesis().clone()).execute_with(|| {
            Chain::start();
            let (mut secrets, scene) = (Secrets::default(), Scene::look());
            for (index, described) in calls().iter().enumerate() {
                let bytes = bytes_of_world(1, index as u64, 8);
                let mut entropy = Entropy::new(&bytes);
                let mut draw = Draw {
                    entropy: &mut entropy,
                    secrets: &mut secrets,
                    scene: &scene,
                };
                let made = (0..8).find_map(|_| make(&mut draw, described));
                let (_, call) =
                    made.unwrap_or_else(|| panic!("{}.{} can't be made", described.pallet, described.name));
                assert_eq!(name_of(&call), format!("{}.{}", described.pallet, described.name));
            }
        });
    }

    #[test]
    fn the_runtime_describes_all_our_calls() {
        let names: Vec<_> = calls()
            .iter()
            .map(|call| format!("{}.{}", call.pallet, call.name))
            .collect();
        for name in [
            "ComputeAssets.register",
            "ProofOfCompute.open",
            "FractionalOwnership.redeem",
            "RewardDistribution.touch",
        ] {
            assert!(
                names.iter().any(|found| found == name),
                "{name} is not among {names:?}"
            );
        }
    }
}
