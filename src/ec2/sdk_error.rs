//! From an error of the AWS SDK to ours: which failure it is, and its cause in readable words.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::error::{Details, Ec2Error, ErrorKind};
use super::{Action, ErrorClass, class::classify};

/// The longest message of AWS that is passed on: an encoded authorization failure is about this long.
const MESSAGE_CHARS: usize = 4000;
/// How much of an answer that is not EC2's is shown.
const EXCERPT_CHARS: usize = 120;

/// Converts the error of a call to `url`, which is none when the call was not sent.
pub(super) fn convert<E>(
    action: Action,
    region: &str,
    url: Option<String>,
    error: SdkError<E, HttpResponse>,
) -> Ec2Error
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    // The call before this one, which was to give the credentials.
    if let Some(cause) = find::<Ec2Error>(&error) {
        return cause.again();
    }
    let mut details = describe(action, &error);
    details.region = Some(region.to_owned());
    details.url = url;
    if let Some(response) = error.raw_response() {
        details.is_not_offered = matches!(details.kind, ErrorKind::NotEc2 { .. }) && is_of_emulator(response);
        details.status = Some(response.status().as_u16());
        details.request_id = response.request_id().map(str::to_owned).or_else(|| {
            response
                .body()
                .bytes()
                .and_then(|body| element(body, &["RequestID", "RequestId"]))
        });
    }
    // The SDK's outer error holds the whole answer, which its Debug prints: only what is inside is kept, and of a refused
    // signature not even that, since its message may quote the request.
    let refused = matches!(&details.kind, ErrorKind::Service(code) if is_refusal(code));
    let source = if refused { None } else { error.into_source().ok() };
    Ec2Error::new(details, source)
}

fn describe<E>(action: Action, error: &SdkError<E, HttpResponse>) -> Details
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let new = |kind, message| Details::new(Some(action), kind, message);
    if let Some(source) = find::<CredentialsError>(error) {
        return new(ErrorKind::NoCredentials, chain(source));
    }
    match error {
        SdkError::ServiceError(service) => match service.err().code() {
            Some(code) => {
                let message = service.err().message().unwrap_or_default();
                new(ErrorKind::Service(code.to_owned()), clean(code, message))
            }
            None => foreign(action, service.raw(), chain(service.err())),
        },
        SdkError::DispatchFailure(failure) => {
            let kind = match failure.as_connector_error() {
                Some(connector) if !never_connected(connector) => ErrorKind::Interrupted,
                _ => ErrorKind::Unreachable,
            };
            new(kind, chain(error))
        }
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => new(ErrorKind::Interrupted, chain(error)),
        _ => {
            let cause = chain(error);
            new(ErrorKind::Argument(cause.clone()), cause)
        }
    }
}

/// An answer without an error code: broken EC2 XML, or no EC2 at all.
fn foreign(action: Action, response: &HttpResponse, cause: String) -> Details {
    let body = response.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(body.get(..4096).unwrap_or(body));
    let is_api = [
        format!("<{}Response", action.name()),
        "<Response>".into(),
        "<ErrorResponse".into(),
    ]
    .iter()
    .any(|root| text.contains(root.as_str()));
    if is_api {
        return Details::new(
            Some(action),
            ErrorKind::Interrupted,
            format!("the XML of the answer is broken: {cause}"),
        );
    }
    let content_type = response.headers().get("content-type").map(str::to_owned);
    let excerpt = excerpt(&text);
    let message = match (&content_type, excerpt.is_empty()) {
        (Some(kind), false) => format!("an answer of type {kind} that begins with {excerpt:?}"),
        (Some(kind), true) => format!("an answer of type {kind} without readable content"),
        (None, false) => format!("an answer that begins with {excerpt:?}"),
        (None, true) => "an empty answer".to_owned(),
    };
    Details::new(Some(action), ErrorKind::NotEc2 { content_type }, message)
}

/// Whether an answer that is not of the API says that the action is unknown: moto answers a page with 500 to what it does not
/// implement, other emulators 404 or 501. A page of anything in between AWS and us says nothing of AWS.
fn is_of_emulator(response: &HttpResponse) -> bool {
    let server = response.headers().get("server").unwrap_or_default();
    match response.status().as_u16() {
        500 => server.starts_with("Werkzeug"),
        404 | 501 => true,
        _ => false,
    }
}

/// The first words of a foreign answer on one line; nothing when it echoes what we sent, which is signed.
fn excerpt(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if ["authorization", "aws4-hmac", "security-token"]
        .iter()
        .any(|word| lower.contains(word))
    {
        return String::new();
    }
    let printable: String = text
        .chars()
        .map(|c| if c.is_control() || c == '\u{fffd}' { ' ' } else { c })
        .collect();
    let mut words = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(EXCERPT_CHARS) {
        words.truncate(end);
        words.push('…');
    }
    words
}

/// The message of a service. When AWS refuses a signature it may quote the request, headers and all: that part is cut.
fn clean(code: &str, message: &str) -> String {
    let mut message = message.trim();
    if is_refusal(code) {
        for quote in ["The Canonical String", "The String-to-Sign", "Authorization="] {
            message = message.split(quote).next().unwrap_or_default().trim_end();
        }
    }
    match message.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

fn is_refusal(code: &str) -> bool {
    classify(code, "", None) == ErrorClass::Credentials
}

/// Whether the failure came before a connection was there, so that nothing can have been done.
pub(super) fn never_connected(error: &ConnectorError) -> bool {
    // The HTTP client tells the phases apart by these words only.
    error.connection_metadata().is_none()
        && sources(error).any(|source| {
            let text = source.to_string();
            ["(Connect)", "connect timeout", "dns error"]
                .iter()
                .any(|word| text.contains(word))
        })
}

/// The error code of an answer of EC2 or STS.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    element(body, &["Code"])
}

/// The text of the first XML element with one of these names. Enough for codes and ids, which hold no markup.
fn element(body: &[u8], names: &[&str]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    names.iter().find_map(|name| {
        let start = text.find(&format!("<{name}>"))? + name.len() + 2;
        let end = start + text[start..].find("</")?;
        Some(text[start..end].trim().to_owned()).filter(|text| !text.is_empty())
    })
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    sources(error).find_map(|source| source.downcast_ref())
}

/// All that the chain of an error says, outermost first, without what says nothing or says it again.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    const EMPTY: [&str; 11] = [
        "dispatch failure",
        "io error",
        "timeout",
        "other",
        "response error",
        "unhandled error",
        "service error",
        "request has timed out",
        "failed to construct request",
        "error trying to connect",
        "streaming error",
    ];
    let mut parts: Vec<String> = Vec::new();
    for source in sources(error) {
        let text = source.to_string();
        let text = text.trim();
        if text.is_empty() || EMPTY.contains(&text) || text.starts_with("client error (") {
            continue;
        }
        if parts.last().is_some_and(|last| last.contains(text)) {
            continue;
        }
        // An outer text that repeats the inner one at its end adds only its own beginning.
        if parts.last().is_some_and(|last| text.contains(last.as_str())) {
            parts.pop();
        }
        parts.push(text.to_owned());
    }
    if parts.is_empty() {
        error.to_string()
    } else {
        parts.join(": ")
    }
}
