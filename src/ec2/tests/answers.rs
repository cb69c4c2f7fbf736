//! What becomes of answers that are none.

use std::time::{Duration, Instant};

use super::server::{Reply, SECRET, Server, TOKEN, config, error, half, http, nobody, response};
use crate::ec2::{Account, AccountConfig, Action, Ec2Error, ErrorClass, ErrorKind, NewSession};

/// All that a user or a log can see of an error.
fn everything(error: &Ec2Error) -> String {
    format!(
        "{error} {error:?} {} {} {}",
        error.title(),
        error.advice(),
        error.detail()
    )
}

async fn sessions_error(server: &Server) -> Ec2Error {
    server.account().await.sessions().await.unwrap_err()
}

fn new_session() -> NewSession {
    NewSession {
        network_interface_id: "eni-1".into(),
        traffic_mirror_target_id: "tmt-1".into(),
        traffic_mirror_filter_id: "tmf-1".into(),
        session_number: 1,
        client_token: "token-1".into(),
        ..NewSession::default()
    }
}

#[tokio::test]
async fn nobody_listens() {
    let url = nobody().await;
    let started = Instant::now();
    let error = Account::connect(config(&url)).await.unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "told at once, not after all retries"
    );
    assert_eq!(error.class(), ErrorClass::Unreachable);
    assert_eq!(
        (error.action(), error.kind()),
        (Some(Action::GetCallerIdentity), &ErrorKind::Unreachable)
    );
    assert!(
        error.to_string().to_lowercase().contains("connection refused"),
        "{error}"
    );
    assert!(error.detail().contains(&url), "{}", error.detail());
    assert!(!error.is_outcome_unknown());
    assert_eq!(error.title(), "The STS endpoint cannot be reached");
}

#[tokio::test]
async fn a_host_that_has_no_address() {
    // Too long for a name: refused without asking any name server.
    let url = format!("http://{}.invalid:1", "x".repeat(70));
    let mut config = config(&nobody().await);
    config.endpoints.sts = Some(url.clone());
    let error = Account::connect(config).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Unreachable, "{error:?}");
    assert_eq!(error.kind(), &ErrorKind::Unreachable);
    assert!(error.detail().contains(&url), "{}", error.detail());
}

#[tokio::test]
async fn a_server_without_tls() {
    let server = Server::start(|_, _, _| Reply::Close).await;
    let mut config = server.config();
    config.endpoints.sts = Some(server.url.replace("http://", "https://"));
    let error = Account::connect(config).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Unreachable, "{error:?}");
    assert!(
        error.detail().contains("https://127.0.0.1:"),
        "{}",
        error.detail()
    );
}

#[tokio::test]
async fn an_html_page() {
    for status in [200, 403, 404, 500] {
        let page = "<!DOCTYPE html>\n<html>\r\n<body>\u{1b}[31mPlease   sign in</body></html>";
        let server = Server::start(move |_, _, _| http(status, "text/html", &page.repeat(100))).await;
        let error = sessions_error(&server).await;
        assert_eq!(error.class(), ErrorClass::NotEc2, "{error:?}");
        assert_eq!(error.status(), Some(status));
        assert_eq!(
            error.kind(),
            &ErrorKind::NotEc2 {
                content_type: Some("text/html".into())
            }
        );
        let text = error.to_string();
        assert!(
            text.contains("text/html") && text.contains("Please sign in"),
            "{text}"
        );
        assert!(
            text.len() < 300 && !text.contains('\u{1b}') && !text.contains('\n'),
            "{text:?}"
        );
        assert!(error.detail().contains(&server.url), "{}", error.detail());
    }
}

#[tokio::test]
async fn an_empty_answer() {
    let server = Server::start(|_, _, _| http(200, "text/xml", "")).await;
    let error = sessions_error(&server).await;
    assert_eq!(error.class(), ErrorClass::NotEc2, "{error:?}");
}

#[tokio::test]
async fn a_page_that_echoes_the_request_is_not_shown() {
    let page = format!("<html>Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE; token {TOKEN}");
    let server = Server::start(move |_, _, _| http(500, "text/html", &page)).await;
    let error = sessions_error(&server).await;
    assert_eq!(error.class(), ErrorClass::NotEc2);
    assert!(!everything(&error).contains("AKIDEXAMPLE") && !everything(&error).contains(TOKEN));
}

#[tokio::test]
async fn an_answer_that_breaks_off() {
    let server = Server::start(|_, _, _| half(200, "<DescribeTrafficMirrorSessionsResponse><traffic")).await;
    let error = sessions_error(&server).await;
    assert_eq!(
        (error.class(), error.kind()),
        (ErrorClass::Unreachable, &ErrorKind::Interrupted),
        "{error:?}"
    );
    assert!(
        server.requests("DescribeTrafficMirrorSessions").len() > 1,
        "worth another try"
    );
}

/// An XML answer cut off at a point where the SDK takes what came before for the whole is the worst of all: interfaces
/// and sessions would be missing without a sign.
#[tokio::test]
async fn cut_xml_is_no_shorter_list() {
    let item = "<item><trafficMirrorSessionId>tms-1</trafficMirrorSessionId><networkInterfaceId>eni-1\
                </networkInterfaceId><trafficMirrorTargetId>t</trafficMirrorTargetId><trafficMirrorFilterId>f\
                </trafficMirrorFilterId><sessionNumber>1</sessionNumber></item>";
    let whole = format!(
        "<DescribeTrafficMirrorSessionsResponse><trafficMirrorSessionSet>{item}{item}</trafficMirrorSessionSet>\
         </DescribeTrafficMirrorSessionsResponse>"
    );
    let cuts = [
        60,
        70,
        100,
        66 + item.len(),
        80 + item.len(),
        whole.len() - 45,
        whole.len() - 1,
    ];
    futures::future::join_all(cuts.map(async |cut| {
        let body = whole[..cut].to_owned();
        let server = Server::start(move |_, _, _| http(200, "text/xml", &body)).await;
        let error = server.account().await.sessions().await.expect_err(&whole[..cut]);
        assert_eq!(error.kind(), &ErrorKind::Interrupted, "{error:?}");
    }))
    .await;
    let server = Server::start(move |_, _, _| http(200, "text/xml", &(whole.clone() + "\n"))).await;
    assert_eq!(server.account().await.sessions().await.unwrap().len(), 1);
}

#[tokio::test]
async fn cut_xml_leaves_the_outcome_open() {
    let server =
        Server::start(|action, _, _| http(200, "text/xml", &format!("<{action}Response><requestId>1"))).await;
    let error = server
        .account()
        .await
        .create_session(&new_session())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Interrupted, "{error:?}");
    assert!(error.is_outcome_unknown());
}

#[tokio::test]
async fn a_connection_closed_without_an_answer() {
    let server = Server::start(|_, _, _| Reply::Close).await;
    let error = server
        .account()
        .await
        .create_session(&new_session())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Interrupted, "{error:?}");
    assert!(error.is_outcome_unknown(), "the session may be there");
    let tries = server.requests("CreateTrafficMirrorSession");
    assert!(tries.len() > 1);
    assert!(
        tries.iter().all(|body| body.contains("ClientToken=token-1")),
        "a retry is the same request"
    );
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let server = Server::start(|action, _, count| {
        if count < 3 {
            Reply::Close
        } else {
            response(action, "")
        }
    })
    .await;
    assert!(server.account().await.sessions().await.unwrap().is_empty());
}

#[tokio::test]
async fn silence_is_not_waited_out_here() {
    let server = Server::start(|_, _, _| Reply::Silence).await;
    let account = server.account().await;
    let waited = tokio::time::timeout(Duration::from_millis(300), account.sessions()).await;
    assert!(
        waited.is_err(),
        "a call is a plain future that its caller can drop"
    );
}

#[tokio::test]
async fn the_error_of_ec2() {
    let server =
        Server::start(|_, _, _| error(403, "UnauthorizedOperation", "You are not authorized.")).await;
    let error = sessions_error(&server).await;
    assert_eq!(error.class(), ErrorClass::Denied);
    assert_eq!(
        (error.code(), error.status(), error.request_id()),
        ("UnauthorizedOperation", Some(403), Some("req-1"))
    );
    assert_eq!(
        error.title(),
        "No permission for ec2:DescribeTrafficMirrorSessions"
    );
    assert!(error.advice().contains("ec2:DescribeTrafficMirrorSessions"));
    assert_eq!(
        error.to_string(),
        "DescribeTrafficMirrorSessions: UnauthorizedOperation: You are not authorized. (HTTP 403, request id req-1)"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(
        server.requests("DescribeTrafficMirrorSessions").len(),
        1,
        "not worth another try"
    );
}

#[tokio::test]
async fn the_permission_that_aws_names_is_the_one_to_ask_for() {
    for (message, permission) in [
        (
            "You are not authorized to perform this operation. User: me is not authorized to perform: ec2:CreateTags on \
             resource: arn:aws:ec2:::x because no identity-based policy allows the ec2:CreateTags action",
            "ec2:CreateTags",
        ),
        (
            "User: me is not authorized to perform: nothing at all",
            "ec2:CreateTrafficMirrorSession",
        ),
        (
            "You are not authorized. Encoded authorization failure message: 4WrQ",
            "ec2:CreateTrafficMirrorSession",
        ),
    ] {
        let server = Server::start(move |_, _, _| error(403, "UnauthorizedOperation", message)).await;
        let account = server.account().await;
        let error = account.create_session(&new_session()).await.unwrap_err();
        assert_eq!(error.title(), format!("No permission for {permission}"));
        assert!(
            error.advice().starts_with(&format!("Allow {permission} to ")),
            "{}",
            error.advice()
        );
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_without_the_request() {
    let server = Server::raw(|_, _, _| {
        http(
            403,
            "text/xml",
            "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>The signature does not \
             match. The Canonical String for this request should have been 'x-amz-security-token:the-session-token'\
             </Message></Error><RequestId>req-2</RequestId></ErrorResponse>",
        )
    })
    .await;
    let error = Account::connect(server.config()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Credentials);
    assert_eq!(
        (error.message(), error.request_id()),
        ("The signature does not match.", Some("req-2"))
    );
    let text = everything(&error);
    assert!(!text.contains(TOKEN) && !text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let server = Server::start(|action, _, count| match count {
        1 => error(503, "RequestLimitExceeded", "Request limit exceeded."),
        _ => response(action, ""),
    })
    .await;
    assert!(server.account().await.sessions().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_throttled_does_not_count_once_something_else_fails() {
    for (max_retries, attempts) in [(None, 5), (Some(3), 4)] {
        // Whoever answers without an error code is not EC2, which is borne three times.
        let server = Server::start(|_, _, count| match count {
            ..=2 => error(503, "RequestLimitExceeded", "Request limit exceeded."),
            _ => http(502, "text/html", "<html>Bad gateway</html>"),
        })
        .await;
        let config = AccountConfig {
            max_retries,
            ..server.config()
        };
        let account = Account::connect(config).await.unwrap();
        account.sessions().await.unwrap_err();
        assert_eq!(server.requests("DescribeTrafficMirrorSessions").len(), attempts);
    }
}

#[tokio::test]
async fn a_failure_inside_ec2_leaves_the_outcome_open() {
    let server = Server::start(|_, _, _| error(500, "InternalError", "An internal error has occurred")).await;
    let error = server
        .account()
        .await
        .create_session(&new_session())
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::ServerFault);
    assert!(error.is_outcome_unknown());
}
