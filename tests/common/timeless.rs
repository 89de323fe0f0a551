//! What a run found, without the times, which differ from run to run.

use serde_json::Value;

/// Takes the seconds out of `value`, and rounds its numbers to 12 digits: serde_json reads fast, not
/// exactly.
pub fn timeless(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("seconds");
            fields.values_mut().for_each(timeless);
        }
        Value::Array(list) => list.iter_mut().for_each(timeless),
        Value::Number(number) if number.is_f64() => {
            let rounded = format!("{:.11e}", number.as_f64().expect("a float"));
            *value = rounded.parse::<f64>().expect("a number").into();
        }
        _ => {}
    }
}
