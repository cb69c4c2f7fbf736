//! [`Late`]: text of an answer that is written once to be measured and once more while the answer is sent, so that it is never held
//! together with the rest.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::sync::Arc;

use serde::ser::{self, Serialize, Serializer};

/// Name of the newtype struct that holds late text. Serializers that do not know it write the text.
pub(super) const LATE: &str = "$late";

thread_local! {
    /// What is being serialized: serde hands over what a value looks like, never the value.
    static HANDED: RefCell<Option<Late>> = const { RefCell::new(None) };
}

/// A text that can be written again and again, the same every time.
#[derive(Clone)]
pub struct Late(Arc<Write>);

/// Writes UTF-8, or says why it cannot.
type Write = dyn Fn(&mut dyn io::Write) -> Result<(), String> + Send + Sync;

impl Late {
    /// The text that `write` writes.
    pub fn new(write: impl Fn(&mut dyn io::Write) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    /// How many bytes the text has.
    pub(super) fn measure(&self) -> Result<usize, String> {
        let mut length = Length(0);
        (self.0)(&mut length)?;
        Ok(length.0)
    }

    /// The text, which has this many bytes.
    pub(super) fn bytes(&self, length: usize) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::with_capacity(length);
        (self.0)(&mut bytes)?;
        match bytes.len() == length {
            true => Ok(bytes),
            false => Err("a text was written again and has another length".to_owned()),
        }
    }
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Late")
    }
}

impl Serialize for Late {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        HANDED.set(Some(self.clone()));
        let serialized = serializer.serialize_newtype_struct(LATE, &Text(self));
        HANDED.take();
        serialized
    }
}

/// Takes what a newtype struct of the name [`LATE`] holds. Only what serializes it at this moment finds it.
pub(super) fn handed() -> Option<Late> {
    HANDED.take()
}

struct Text<'a>(&'a Late);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        (self.0.0)(&mut bytes).map_err(ser::Error::custom)?;
        serializer.serialize_str(std::str::from_utf8(&bytes).map_err(ser::Error::custom)?)
    }
}
