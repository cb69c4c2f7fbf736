//! Maps that are read from texts: no more entries than anybody honest has.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Ten times the sessions that a region can have: a plan copies what it is about, and a text within its limit could have millions.
pub const MOST_ENTRIES: usize = 100_000;

/// Reads a map, and no further than [`MOST_ENTRIES`].
pub fn few<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    deserializer.deserialize_map(Few(PhantomData))
}

struct Few<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Few<V> {
    type Value = BTreeMap<String, V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry()? {
            if map.len() == MOST_ENTRIES {
                return Err(A::Error::custom(format!("more than {MOST_ENTRIES} entries")));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}
