//! [`Parts`]: msgpack whose late texts are not made yet.

use tonic::codegen::Bytes;

use super::late::Late;

/// Bytes of a known length, in order.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    parts: Vec<Part>,
    length: usize,
}

#[derive(Debug, Clone)]
enum Part {
    Made(Bytes),
    /// A text, and how many bytes it has.
    Late(Late, usize),
}

/// Where a late text belongs, and how many bytes it has.
#[derive(Debug)]
pub(super) struct Gap {
    pub offset: usize,
    pub late: Late,
    pub length: usize,
}

impl Parts {
    /// The bytes with the gaps, which are in order, filled.
    pub(super) fn with_gaps(bytes: Vec<u8>, gaps: Vec<Gap>) -> Self {
        let mut rest = Bytes::from(bytes);
        let mut taken = 0;
        let mut whole = Self::default();
        for gap in gaps {
            let before = rest.split_to(gap.offset.saturating_sub(taken).min(rest.len()));
            taken = gap.offset;
            whole.push(before);
            whole.length += gap.length;
            whole.parts.push(Part::Late(gap.late, gap.length));
        }
        whole.push(rest);
        whole
    }

    /// How many bytes it has.
    pub fn length(&self) -> usize {
        self.length
    }

    fn push(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        if !bytes.is_empty() {
            self.parts.push(Part::Made(bytes));
        }
    }
}

impl From<Vec<u8>> for Parts {
    fn from(bytes: Vec<u8>) -> Self {
        Self::with_gaps(bytes, Vec::new())
    }
}

impl IntoIterator for Parts {
    type Item = Result<Bytes, String>;
    type IntoIter = Making;

    fn into_iter(self) -> Making {
        Making(self.parts.into_iter())
    }
}

/// The parts, each made when its turn comes; an error says why that was not possible.
#[derive(Debug)]
pub struct Making(std::vec::IntoIter<Part>);

impl Iterator for Making {
    type Item = Result<Bytes, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(made)
    }
}

fn made(part: Part) -> Result<Bytes, String> {
    match part {
        Part::Made(bytes) => Ok(bytes),
        Part::Late(late, length) => late.bytes(length).map(Bytes::from),
    }
}
