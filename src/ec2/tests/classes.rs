//! Error codes to classes.

use crate::ec2::class::classify;
use crate::ec2::{ErrorClass, Limit, What};

#[test]
fn every_spelling_of_a_code_is_known() {
    use ErrorClass::*;
    let codes = [
        ("InvalidTrafficMirrorSessionNotFound", NotFound(What::Session)),
        ("InvalidTrafficMirrorSessionId.NotFound", NotFound(What::Session)),
        (
            "InvalidTrafficMirrorSessionNotFoundException",
            NotFound(What::Session),
        ),
        ("invalidtrafficmirrorsessionid.notfound", NotFound(What::Session)),
        ("InvalidTrafficMirrorTargetNoFound", NotFound(What::Target)),
        ("InvalidTrafficMirrorTargetId.NotFound", NotFound(What::Target)),
        ("InvalidTrafficMirrorTargetId.Malformed", NotFound(What::Target)),
        ("InvalidTrafficMirrorFilterNotFound", NotFound(What::Filter)),
        ("InvalidTrafficMirrorFilterId.NotFound", NotFound(What::Filter)),
        (
            "InvalidTrafficMirrorFilterRuleNotFound",
            NotFound(What::FilterRule),
        ),
        (
            "InvalidNetworkInterfaceID.NotFound",
            NotFound(What::NetworkInterface),
        ),
        (
            "InvalidNetworkInterface.NotFound",
            NotFound(What::NetworkInterface),
        ),
        (
            "InvalidNetworkInterfaceId.Malformed",
            NotFound(What::NetworkInterface),
        ),
        ("InvalidInstanceID.NotFound", NotFound(What::Instance)),
        ("InvalidSubnetID.NotFound", NotFound(What::Other)),
        ("InvalidID", NotFound(What::Other)),
        ("NetworkInterfaceNotSupported", InterfaceUnsupported),
        ("NetworkInterfaceNotSupportedException", InterfaceUnsupported),
        ("InterfaceInUseByTrafficMirrorTarget", InterfaceIsTarget),
        ("IdempotentParameterMismatch", ClientTokenReused),
        (
            "TrafficMirrorSessionsPerInterfaceLimitExceeded",
            LimitExceeded(Limit::SessionsPerInterface),
        ),
        (
            "TrafficMirrorSessionsPerInterfaceLimitExceededException",
            LimitExceeded(Limit::SessionsPerInterface),
        ),
        (
            "TrafficMirrorSessionsPerTargetLimitExceeded",
            LimitExceeded(Limit::SessionsPerTarget),
        ),
        (
            "TrafficMirrorSourcesPerTargetLimitExceeded",
            LimitExceeded(Limit::SourcesPerTarget),
        ),
        (
            "TrafficMirrorSessionLimitExceeded",
            LimitExceeded(Limit::Sessions),
        ),
        ("TrafficMirrorTargetLimitExceeded", LimitExceeded(Limit::Targets)),
        ("TrafficMirrorFilterLimitExceeded", LimitExceeded(Limit::Filters)),
        (
            "TrafficMirrorFilterRuleLimitExceeded",
            LimitExceeded(Limit::FilterRules),
        ),
        ("TagLimitExceeded", LimitExceeded(Limit::Tags)),
        ("UnauthorizedOperation", Denied),
        ("Client.UnauthorizedOperation", Denied),
        ("AccessDeniedException", Denied),
        ("AuthFailure", Credentials),
        ("ExpiredToken", Credentials),
        ("ExpiredTokenException", Credentials),
        ("SignatureDoesNotMatch", Credentials),
        ("InvalidClientTokenId", Credentials),
        ("OptInRequired", Credentials),
        ("RequestExpired", Credentials),
        ("RequestLimitExceeded", Throttled),
        ("Throttling", Throttled),
        ("ThrottlingException", Throttled),
        ("InternalError", ServerFault),
        ("Server.InternalError", ServerFault),
        ("Unavailable", ServerFault),
        ("InvalidParameterValue", Other),
        ("FilterLimitExceeded", Other),
        ("TrafficMirrorTargetInUseException", Other),
    ];
    for (code, class) in codes {
        assert_eq!(classify(code, "", Some(400)), class, "{code}");
    }
}

#[test]
fn some_texts_say_more_than_their_code() {
    let of = |message: &str| classify("InvalidParameterValue", message, Some(400));
    assert_eq!(
        of("eni-1 must be attached to a supported instance"),
        ErrorClass::InterfaceUnsupported
    );
    assert_eq!(
        of("Sources per interface-target limit reached (11)"),
        ErrorClass::LimitExceeded(Limit::SourcesPerTarget)
    );
    assert_eq!(
        of("Session number 1 is already being used for eni-1"),
        ErrorClass::NumberInUse
    );
    assert_eq!(of("The description is already in use"), ErrorClass::Other);
}

#[test]
fn an_unknown_code_is_judged_by_its_status() {
    assert_eq!(classify("Strange", "", Some(429)), ErrorClass::Throttled);
    assert_eq!(classify("Strange", "", Some(502)), ErrorClass::ServerFault);
    assert_eq!(classify("Strange", "", None), ErrorClass::Other);
}
