// SPDX-License-Identifier: Apache-2.0
//! Reads parameters by hand: a derived deserializer's error does not name the field.

use super::invalid;
use compute_primitives::{AssetId, CensusIndex};
use ergon_runtime::{AccountId, Hash};
use jsonrpsee::core::RpcResult;
use serde_json::Value;
use sp_core::{bytes::from_hex, crypto::Ss58Codec};

/// Why a value is refused.
pub type Why = &'static str;

pub fn required<T>(
    field: &str,
    value: Option<Value>,
    read: impl FnOnce(Value) -> Result<T, Why>,
) -> RpcResult<T> {
    optional(field, value, read)?.ok_or_else(|| invalid(field, "is missing"))
}

/// Missing and `null` are the same.
pub fn optional<T>(
    field: &str,
    value: Option<Value>,
    read: impl FnOnce(Value) -> Result<T, Why>,
) -> RpcResult<Option<T>> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).map_err(|why| invalid(field, why)),
    }
}

/// A number, or a string of decimal digits.
pub fn asset_id(value: Value) -> Result<AssetId, Why> {
    let id = match &value {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    };
    id.map(AssetId).ok_or("must be a whole number from 0 to 2^64 - 1")
}

pub fn census(value: Value) -> Result<CensusIndex, Why> {
    value
        .as_u64()
        .and_then(|census| u32::try_from(census).ok())
        .map(CensusIndex)
        .ok_or("must be a whole number from 0 to 2^32 - 1")
}

/// A range of censuses; by default all of them.
pub fn censuses(from: Option<Value>, to: Option<Value>) -> RpcResult<(CensusIndex, CensusIndex)> {
    let from = optional("from", from, census)?.unwrap_or_default();
    let to = optional("to", to, census)?.unwrap_or(CensusIndex(u32::MAX));
    if to < from {
        return Err(invalid("to", "must not be below `from`"));
    }
    Ok((from, to))
}

/// SS58, or the 32 bytes in hex.
pub fn account(value: Value) -> Result<AccountId, Why> {
    let text = value
        .as_str()
        .ok_or("must be an account, SS58 or 32 bytes of hex")?;
    match from_hex(text) {
        Ok(bytes) if text.starts_with("0x") => {
            AccountId::try_from(bytes.as_slice()).map_err(|()| "must be 32 bytes of hex")
        }
        _ => AccountId::from_ss58check(text).map_err(|_| "must be an account, SS58 or 32 bytes of hex"),
    }
}

pub fn bytes(value: Value) -> Result<Vec<u8>, Why> {
    value
        .as_str()
        .and_then(|text| from_hex(text).ok())
        .ok_or("must be hex")
}

pub fn hash(value: Value) -> Result<Hash, Why> {
    let bytes = bytes(value)?;
    if bytes.len() != Hash::len_bytes() {
        return Err("must be 32 bytes of hex");
    }
    Ok(Hash::from_slice(&bytes))
}

pub fn limit(value: Value, max: u32) -> Result<u32, Why> {
    value
        .as_u64()
        .and_then(|limit| u32::try_from(limit).ok())
        .filter(|limit| (1..=max).contains(limit))
        .ok_or("must be a whole number, at least 1 and at most the method's limit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    fn refused<T: std::fmt::Debug>(result: RpcResult<T>, field: &str) {
        let error = result.unwrap_err();
        assert_eq!(error.code(), -32602);
        assert!(
            error.message().contains(&format!("`{field}`")),
            "{}",
            error.message()
        );
        assert_eq!(error.data().unwrap().get(), json!({ "field": field }).to_string());
    }

    #[test]
    fn missing_and_null_are_named() {
        refused(required("id", None, asset_id), "id");
        refused(required("id", Some(Value::Null), asset_id), "id");
        assert_eq!(optional("id", None, asset_id).unwrap(), None);
    }

    #[test]
    fn an_asset_id_is_a_number_or_digits() {
        assert_eq!(asset_id(json!(7)), Ok(AssetId(7)));
        assert_eq!(asset_id(json!("18446744073709551615")), Ok(AssetId(u64::MAX)));
        for bad in [
            json!(-1),
            json!(1.5),
            json!("x"),
            json!([1]),
            json!("18446744073709551616"),
        ] {
            refused(required("id", Some(bad), asset_id), "id");
        }
    }

    #[test]
    fn an_account_is_ss58_or_hex() {
        let alice = account(json!(ALICE)).unwrap();
        let hex = sp_core::bytes::to_hex(alice.as_ref(), false);
        assert_eq!(account(json!(hex)), Ok(alice));
        for bad in [json!(1), json!("0x00"), json!("5Grw"), json!("")] {
            refused(required("account", Some(bad), account), "account");
        }
    }

    #[test]
    fn censuses_are_a_range() {
        let range = |from, to| censuses(from, to).map(|(from, to)| (from.0, to.0)).unwrap();
        assert_eq!(range(None, None), (0, u32::MAX));
        assert_eq!(range(Some(json!(3)), None), (3, u32::MAX));
        assert_eq!(range(Some(Value::Null), Some(json!(0))), (0, 0));
        assert_eq!(range(Some(json!(7)), Some(json!(7))), (7, 7));
        for bad in [json!(-1), json!("3"), json!(1.5), json!(u64::from(u32::MAX) + 1)] {
            refused(censuses(Some(bad.clone()), None), "from");
            refused(censuses(None, Some(bad)), "to");
        }
        refused(censuses(Some(json!(8)), Some(json!(7))), "to");
    }

    #[test]
    fn a_limit_has_bounds() {
        assert_eq!(limit(json!(100), 100), Ok(100));
        for bad in [json!(0), json!(101), json!(-1), json!("10"), json!(u64::MAX)] {
            refused(required("limit", Some(bad), |value| limit(value, 100)), "limit");
        }
    }

    #[test]
    fn hashes_and_cursors_are_hex() {
        assert_eq!(
            hash(json!(format!("0x{}", "11".repeat(32)))),
            Ok(Hash::repeat_byte(0x11))
        );
        for bad in [json!("0x11"), json!("zz"), json!(3)] {
            refused(required("at", Some(bad), hash), "at");
        }
        refused(optional("cursor", Some(json!("0xzz")), bytes), "cursor");
    }
}
