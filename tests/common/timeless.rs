//! What a run found, without the times, which differ from run to run.

use serde_json::Value;

/// Takes the seconds out of `value`.
pub fn timeless(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("seconds");
            fields.values_mut().for_each(timeless);
        }
        Value::Array(list) => list.iter_mut().for_each(timeless),
        _ => {}
    }
}
