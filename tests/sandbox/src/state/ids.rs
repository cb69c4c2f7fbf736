//! Ids in AWS's shape, the same for the same seed and the same order of calls.

/// A source of ids and of the numbers that AWS draws.
#[derive(Debug, Clone)]
pub struct Ids {
    seed: u64,
    drawn: u64,
}

impl Ids {
    /// Two sources of one seed yield the same sequence.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// The next number, spread over all of `u64`; none comes twice (splitmix64 is a bijection of the counter).
    pub fn number(&mut self) -> u64 {
        self.drawn += 1;
        let mut z = self
            .seed
            .wrapping_mul(0xd134_2543_de82_ef95)
            .wrapping_add(self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound.max(1)
    }

    /// A resource id: the prefix, `-` and 17 hexadecimal digits.
    pub fn resource(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.number())
    }

    /// A UUID for request ids and client tokens.
    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.number(), self.number());
        let (high, low) = (
            (a & 0xffff_ffff_ffff_0fff) | 0x4000,
            (b & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000,
        );
        let hex = format!("{high:016x}{low:016x}");
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_aws_and_repeat_with_the_seed() {
        let (mut a, mut b) = (Ids::new(7), Ids::new(7));
        let id = a.resource("tms");
        assert_eq!(id, b.resource("tms"));
        assert_eq!(id.len(), "tms-".len() + 17);
        assert_ne!(id, a.resource("tms"));
        assert_ne!(id, Ids::new(8).resource("tms"));
        assert_eq!(a.uuid().len(), 36);
    }
}
