//! Signature Version 4: what a request claims, and whether it is true.

use form_urlencoded::parse;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request as it came over the wire.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// The path.
    pub path: String,
    /// What stands behind `?`.
    pub query: String,
    /// Names in lower case, values as they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What the Authorization header claims.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who signs.
    pub access_key_id: String,
    /// The region of the credential scope.
    pub region: String,
    /// The service of the credential scope, such as `elasticloadbalancing`.
    pub service: String,
    date: String,
    signed_headers: Vec<String>,
    signature: String,
}

/// Reads the Authorization header; none if it is missing or no SigV4.
pub fn claim(request: &Request) -> Option<Claim> {
    let rest = request
        .header("authorization")?
        .strip_prefix("AWS4-HMAC-SHA256")?;
    let field = |name: &str| {
        rest.split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned)
    };
    let credential = field("Credential")?;
    let mut scope = credential.split('/');
    let claim = Claim {
        access_key_id: scope.next()?.to_owned(),
        date: scope.next()?.to_owned(),
        region: scope.next()?.to_owned(),
        service: scope.next()?.to_owned(),
        signed_headers: field("SignedHeaders")?.split(';').map(str::to_owned).collect(),
        signature: field("Signature")?,
    };
    (scope.next() == Some("aws4_request") && scope.next().is_none()).then_some(claim)
}

/// When the request was signed, in milliseconds since the epoch.
pub fn signed_at(request: &Request) -> Option<u64> {
    let text = request.header("x-amz-date")?;
    if text.len() != 16 || !text.is_ascii() {
        return None;
    }
    let rfc3339 = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &text[..4],
        &text[4..6],
        &text[6..8],
        &text[9..11],
        &text[11..13],
        &text[13..15]
    );
    let time = humantime::parse_rfc3339(&rfc3339).ok()?;
    time.duration_since(std::time::UNIX_EPOCH)
        .ok()
        .map(|d| d.as_millis() as u64)
}

/// Whether the secret made the claim's signature for exactly this request.
pub fn verify(request: &Request, claim: &Claim, secret: &str) -> bool {
    let Some(amz_date) = request.header("x-amz-date") else {
        return false;
    };
    let covers = |name: &str| claim.signed_headers.iter().any(|h| h == name);
    if !amz_date.starts_with(&claim.date) || !covers("host") || !covers("x-amz-date") {
        return false;
    }
    let scope = format!("{}/{}/{}/aws4_request", claim.date, claim.region, claim.service);
    let canonical = hex(&Sha256::digest(canonical_request(request, claim).as_bytes()));
    let to_sign = format!("AWS4-HMAC-SHA256\n{amz_date}\n{scope}\n{canonical}");
    let key = [&claim.date, &claim.region, &claim.service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    hex(&mac(&key, &to_sign)) == claim.signature
}

fn canonical_request(request: &Request, claim: &Claim) -> String {
    let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let mut query: Vec<String> = parse(request.query.as_bytes())
        .map(|(k, v)| format!("{}={}", encode(&k), encode(&v)))
        .collect();
    query.sort();
    let headers: String = (claim.signed_headers.iter())
        .map(|name| {
            let values: Vec<String> = request
                .headers
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            format!("{name}:{}\n", values.join(","))
        })
        .collect();
    let body = hex(&Sha256::digest(&request.body));
    let signed = claim.signed_headers.join(";");
    format!(
        "{}\n{}\n{}\n{headers}\n{signed}\n{body}",
        request.method,
        request.path,
        query.join("&")
    )
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => unreachable!("HMAC takes a key of any length"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The request of AWS's own worked example of a Query call (IAM ListUsers, 2015-08-30).
    fn example() -> Request {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
            SignedHeaders=content-type;host;x-amz-date, \
            Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            ("authorization", authorization),
        ];
        Request {
            method: "GET".into(),
            path: "/".into(),
            query: "Action=ListUsers&Version=2010-05-08".into(),
            headers: headers.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
            body: Vec::new(),
        }
    }

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    #[test]
    fn the_documented_example_verifies() {
        let request = example();
        let claim = claim(&request).unwrap();
        assert_eq!(
            (claim.region.as_str(), claim.service.as_str()),
            ("us-east-1", "iam")
        );
        assert!(verify(&request, &claim, SECRET));
        assert_eq!(signed_at(&request), Some(1_440_938_160_000));
    }

    #[test]
    fn any_change_breaks_the_signature() {
        let good = example();
        let claim = claim(&good).unwrap();
        assert!(!verify(&good, &claim, "another"));
        let mut query = good.clone();
        query.query.push_str("&X=1");
        assert!(!verify(&query, &claim, SECRET));
        let mut body = good.clone();
        body.body = b"X=1".to_vec();
        assert!(!verify(&body, &claim, SECRET));
        let mut date = good;
        date.headers[2].1 = "20150830T123601Z".into();
        assert!(!verify(&date, &claim, SECRET));
    }

    #[test]
    fn other_headers_are_no_claim() {
        let mut request = example();
        request.headers[3].1 = "Bearer x".into();
        assert_eq!(claim(&request), None);
        request.headers.pop();
        assert_eq!(claim(&request), None);
    }
}
