// SPDX-License-Identifier: Apache-2.0
//! What the chain stores and says, as JSON: one shape for storage, events and errors, whatever the types are called.

use anyhow::{anyhow, bail, Context, Result};
use num_bigint::BigUint;
use scale_value::{Composite, Primitive, Value, ValueDef};
use serde_json::{json, Map, Value as Json};

/// A decoded value as JSON.
///
/// - numbers are strings of digits, since JSON's end at 2^53;
/// - a record of one unnamed field is that field;
/// - 32 bytes are hex with `0x`;
/// - `None` is null, `Some(x)` is x; other variants are their name, or an object of it if they have fields.
pub fn to_json<C>(value: &Value<C>) -> Json {
    match &value.value {
        ValueDef::Composite(composite) => composite_to_json(composite),
        ValueDef::Variant(variant) => match (variant.name.as_str(), variant.values.len()) {
            ("None", 0) => Json::Null,
            ("Some", 1) => composite_to_json(&variant.values),
            (name, 0) => json!(name),
            (name, _) => json!({ name: composite_to_json(&variant.values) }),
        },
        ValueDef::BitSequence(bits) => bits.iter().collect(),
        ValueDef::Primitive(primitive) => match primitive {
            Primitive::Bool(value) => json!(value),
            Primitive::Char(value) => json!(value),
            Primitive::String(value) => json!(value),
            Primitive::U128(value) => json!(value.to_string()),
            Primitive::I128(value) => json!(value.to_string()),
            Primitive::U256(bytes) | Primitive::I256(bytes) => json!(crate::account::hex(bytes)),
        },
    }
}

fn composite_to_json<C>(composite: &Composite<C>) -> Json {
    match composite {
        Composite::Named(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), to_json(value)));
            Json::Object(fields.collect::<Map<_, _>>())
        }
        Composite::Unnamed(values) => match values.as_slice() {
            [value] => to_json(value),
            values => bytes32(values).map_or_else(
                || values.iter().map(to_json).collect(),
                |bytes| json!(crate::account::hex(&bytes)),
            ),
        },
    }
}

fn bytes32<C>(values: &[Value<C>]) -> Option<[u8; 32]> {
    let bytes: Vec<u8> = values
        .iter()
        .map(|value| match &value.value {
            ValueDef::Primitive(Primitive::U128(byte)) => u8::try_from(*byte).ok(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// The value at a path such as `"books.emitted"`.
pub fn at<'a>(value: &'a Json, path: &str) -> Result<&'a Json> {
    path.split('.')
        .filter(|name| !name.is_empty())
        .try_fold(value, |value, name| value.get(name))
        .ok_or_else(|| anyhow!("there is no `{path}` in {value}"))
}

/// The number at a path: a string of digits, or a JSON number.
pub fn number(value: &Json, path: &str) -> Result<u128> {
    let found = at(value, path)?;
    let number = match found {
        Json::String(digits) => digits.parse().ok(),
        Json::Number(number) => number.as_u64().map(u128::from),
        _ => None,
    };
    number.ok_or_else(|| anyhow!("`{path}` is {found}, not a whole number"))
}

/// The number at a path, as a block number, census or count.
pub fn small(value: &Json, path: &str) -> Result<u32> {
    let number = number(value, path)?;
    u32::try_from(number).with_context(|| format!("`{path}` is {number}"))
}

/// The text at a path.
pub fn text<'a>(value: &'a Json, path: &str) -> Result<&'a str> {
    let found = at(value, path)?;
    found
        .as_str()
        .ok_or_else(|| anyhow!("`{path}` is {found}, not text"))
}

/// The 256-bit number at a path: four limbs of 64 bits, the lowest first.
pub fn wide(value: &Json, path: &str) -> Result<BigUint> {
    let found = at(value, path)?;
    let Some([a, b, c, d]) = found.as_array().map(Vec::as_slice) else {
        bail!("`{path}` is {found}, not a number of four limbs");
    };
    [d, c, b, a]
        .into_iter()
        .try_fold(BigUint::default(), |number, limb| {
            let limb = self::number(limb, "").with_context(|| format!("`{path}` is {found}"))?;
            Ok((number << 64) + BigUint::from(limb))
        })
}

/// 32 bytes for a call's field or a storage key.
pub fn bytes(bytes: &[u8]) -> Value {
    Value::from_bytes(bytes)
}

/// A number for a call's field or a storage key.
pub fn uint(number: impl Into<u128>) -> Value {
    Value::u128(number.into())
}

/// The absence of something, for a call's field.
pub fn none() -> Value {
    Value::unnamed_variant("None", [])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newtypes_options_and_hashes_are_what_they_hold() {
        let id = Value::unnamed_composite([uint(7u32)]);
        let hash = Value::unnamed_composite([bytes(&[0xab; 32])]);
        let some = Value::unnamed_variant("Some", [uint(u128::MAX)]);
        let record = Value::named_composite([
            ("id", id),
            ("hash", hash),
            ("some", some),
            ("none", none()),
            ("plain", Value::unnamed_variant("Gpu", [])),
            (
                "payment",
                Value::named_variant("Payment", [("ordinal", uint(3u32))]),
            ),
        ]);
        assert_eq!(
            to_json(&record),
            json!({
                "id": "7",
                "hash": format!("0x{}", "ab".repeat(32)),
                "some": u128::MAX.to_string(),
                "none": null,
                "plain": "Gpu",
                "payment": { "Payment": { "ordinal": "3" } },
            })
        );
    }

    #[test]
    fn limbs_make_a_wide_number() {
        let limbs = json!({ "x": ["1", "0", "2", "0"] });
        assert_eq!(wide(&limbs, "x").unwrap(), (BigUint::from(2u8) << 128) + 1u8);
        assert!(wide(&json!({ "x": "1" }), "x").is_err());
        assert!(wide(&json!({ "x": ["1", "0", "2"] }), "x").is_err());
    }

    #[test]
    fn paths_lead_to_fields_and_say_where_they_end() {
        let value = json!({ "a": { "b": "12", "c": 3, "d": true } });
        assert_eq!(number(&value, "a.b").unwrap(), 12);
        assert_eq!(small(&value, "a.c").unwrap(), 3);
        assert!(number(&value, "a.d").unwrap_err().to_string().contains("a.d"));
        assert!(text(&value, "a.x").unwrap_err().to_string().contains("a.x"));
    }
}
