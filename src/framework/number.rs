//! [`Number`]: a Terraform number, exact at any size.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// Exponents of ten beyond this are refused: such a number could not be written out.
const MAX_EXPONENT: i64 = 1_000_000;

/// A number as Terraform has it: of any size and precision. Two numbers are equal if they are the same number,
/// whatever they were made from; `0.1` the decimal is not `0.1` the nearest binary fraction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(Repr);

/// The first that fits, so that equal numbers are equal values.
#[derive(Debug, Clone)]
enum Repr {
    /// A whole number that fits.
    Int(i64),
    /// A binary fraction, a large whole number that is one exactly, or an infinity; never NaN.
    Float(f64),
    /// Anything else.
    Decimal(Decimal),
}

/// `0.DIGITS * 10^exponent`, the digits neither empty nor beginning or ending with 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Decimal {
    negative: bool,
    exponent: i64,
    digits: String,
}

/// Why a text or a float is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not written like a number.
    #[error("{0:?} is not a number")]
    Syntax(String),
    /// Too large or too small to write out.
    #[error("the exponent of the number is out of range")]
    Exponent,
    /// NaN.
    #[error("\"not a number\" is no number in Terraform")]
    NotANumber,
}

impl Number {
    /// The number of a float; NaN is none.
    pub fn from_f64(value: f64) -> Result<Self, NumberError> {
        if value.is_nan() {
            return Err(NumberError::NotANumber);
        }
        // 2^63 is exact as a float; the cast of anything below it is exact for a whole number. Negative zero is zero.
        if value.trunc() == value
            && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value)
        {
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            return Ok(Self(Repr::Int(value as i64)));
        }
        Ok(Self(Repr::Float(value)))
    }

    /// The number of a decimal text: digits, optionally with sign, point and exponent.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        if let Ok(value) = text.parse::<i64>() {
            return Ok(Self(Repr::Int(value)));
        }
        match Decimal::parse(text)? {
            None => Ok(Self(Repr::Int(0))),
            Some(decimal) => Ok(Self::from_decimal(decimal)),
        }
    }

    fn from_decimal(decimal: Decimal) -> Self {
        if decimal.is_whole()
            && decimal.exponent <= 20
            && let Ok(value) = decimal.plain().parse::<i64>()
        {
            return Self(Repr::Int(value));
        }
        match decimal.as_exact_f64() {
            Some(value) => Self(Repr::Float(value)),
            None => Self(Repr::Decimal(decimal)),
        }
    }

    /// The number, if it is whole and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The number, if it is whole, not negative and fits.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.0 {
            Repr::Int(value) => u64::try_from(*value).ok(),
            _ => self.to_string().parse().ok(),
        }
    }

    /// The number, if a float holds it exactly.
    pub fn as_exact_f64(&self) -> Option<f64> {
        match &self.0 {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "the way back tells"
            )]
            Repr::Int(value) => Some(*value as f64).filter(|float| *float as i128 == i128::from(*value)),
            Repr::Float(value) => Some(*value),
            Repr::Decimal(_) => None,
        }
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            #[expect(clippy::cast_precision_loss, reason = "asked for")]
            Repr::Int(value) => *value as f64,
            Repr::Float(value) => *value,
            Repr::Decimal(decimal) => decimal.nearest_f64(),
        }
    }

    /// Whether it has no fraction.
    pub fn is_whole(&self) -> bool {
        match &self.0 {
            Repr::Int(_) => true,
            Repr::Float(value) => value.trunc() == *value,
            Repr::Decimal(decimal) => decimal.is_whole(),
        }
    }

    /// Whether it is an infinity, which has no JSON.
    pub fn is_infinite(&self) -> bool {
        matches!(self.0, Repr::Float(value) if value.is_infinite())
    }
}

impl Decimal {
    /// `None` is zero.
    fn parse(text: &str) -> Result<Option<Self>, NumberError> {
        // The text may be megabytes long; a message shows its beginning.
        let syntax = || NumberError::Syntax(text.chars().take(60).collect());
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, power) = match unsigned.find(['e', 'E']) {
            None => (unsigned, 0),
            Some(at) => {
                let power = &unsigned[at + 1..];
                let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(syntax());
                }
                (
                    &unsigned[..at],
                    power.parse::<i64>().map_err(|_| NumberError::Exponent)?,
                )
            }
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(syntax());
        }
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Ok(None);
        }
        let leading_zeros = digits.len() - significant.len();
        let shift = i64::try_from(whole.len())
            .ok()
            .zip(i64::try_from(leading_zeros).ok());
        let exponent = shift
            .and_then(|(whole, zeros)| power.checked_add(whole)?.checked_sub(zeros))
            .filter(|exponent| exponent.abs() <= MAX_EXPONENT)
            .ok_or(NumberError::Exponent)?;
        Ok(Some(Self {
            negative,
            exponent,
            digits: significant.trim_end_matches('0').to_owned(),
        }))
    }

    fn is_whole(&self) -> bool {
        i64::try_from(self.digits.len()).is_ok_and(|length| length <= self.exponent)
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    /// Without exponent.
    fn plain(&self) -> String {
        let sign = self.sign();
        let digits = &self.digits;
        match usize::try_from(self.exponent) {
            Ok(point) if point >= digits.len() => {
                format!("{sign}{digits}{}", "0".repeat(point - digits.len()))
            }
            Ok(point) if point > 0 => format!("{sign}{}.{}", &digits[..point], &digits[point..]),
            _ => {
                let zeros = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(0);
                format!("{sign}0.{}{digits}", "0".repeat(zeros))
            }
        }
    }

    fn nearest_f64(&self) -> f64 {
        format!("{}0.{}e{}", self.sign(), self.digits, self.exponent)
            .parse()
            .unwrap_or(f64::NAN)
    }

    /// The float that is this very number, if there is one.
    fn as_exact_f64(&self) -> Option<f64> {
        // A binary fraction ends, in decimal, with a 5. No float has more than 767 significant digits.
        if self.digits.len() > 767 || !(self.is_whole() || self.digits.ends_with('5')) {
            return None;
        }
        let nearest = self.nearest_f64();
        if !nearest.is_finite() {
            return None;
        }
        (Self::parse(&exact_text(nearest)) == Ok(Some(self.clone()))).then_some(nearest)
    }
}

/// All decimal digits of a finite float.
fn exact_text(value: f64) -> String {
    // The smallest float is 2^-1074, which has as many decimal places.
    let places = if value.trunc() == value { 0 } else { 1074 };
    let text = format!("{value:.places$}");
    if places == 0 {
        text
    } else {
        text.trim_end_matches('0').to_owned()
    }
}

/// Decimal text that [`Number::parse`] reads back, and every other parser of decimal numbers.
impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Int(value) => write!(formatter, "{value}"),
            Repr::Float(value) if value.is_infinite() => {
                formatter.write_str(if *value < 0.0 { "-Inf" } else { "Inf" })
            }
            Repr::Float(value) => formatter.write_str(&exact_text(*value)),
            Repr::Decimal(decimal) if decimal.exponent.abs() <= 400 => formatter.write_str(&decimal.plain()),
            Repr::Decimal(decimal) => {
                write!(
                    formatter,
                    "{}0.{}e{}",
                    decimal.sign(),
                    decimal.digits,
                    decimal.exponent
                )
            }
        }
    }
}

impl std::str::FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::parse(text)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Repr::Int(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        match i64::try_from(value) {
            Ok(value) => Self(Repr::Int(value)),
            Err(_) => {
                let text = value.to_string();
                let digits = text.trim_end_matches('0').to_owned();
                let exponent = i64::try_from(text.len()).unwrap_or(MAX_EXPONENT);
                Self::from_decimal(Decimal {
                    negative: false,
                    exponent,
                    digits,
                })
            }
        }
    }
}

impl PartialEq for Repr {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Repr {}

impl PartialOrd for Repr {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A total order, for sets and for bytes that do not change; not the order of numbers.
impl Ord for Repr {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.cmp(right),
            (Self::Float(left), Self::Float(right)) => left.total_cmp(right),
            (Self::Decimal(left), Self::Decimal(right)) => left.cmp(right),
            (Self::Int(_), _) | (Self::Float(_), Self::Decimal(_)) => Ordering::Less,
            _ => Ordering::Greater,
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Repr::Int(value) => serializer.serialize_i64(*value),
            Repr::Float(value) => serializer.serialize_f64(*value),
            Repr::Decimal(_) => serializer.serialize_newtype_struct(NUMBER, &self.to_string()),
        }
    }
}

/// Name of the serde newtype by which the value bridge knows the text of a decimal.
pub(crate) const NUMBER: &str = "$number";

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NUMBER, NumberVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Number, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number::from(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
        Number::from_f64(value).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        Number::parse(text).map_err(E::custom)
    }
}

impl schemars::JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number" })
    }
}
