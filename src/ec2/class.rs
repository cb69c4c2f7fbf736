//! What an error code means for the caller.
//!
//! The EC2 API model has no error codes, the documentation and the wire spell several of them differently, and older
//! spellings end in `Exception`: codes are compared without regard to case, and every spelling that is known counts.

use strum::Display;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The thing does not exist, or its id is of a shape that this API never gives (`….Malformed`). Right after its
    /// creation this proves nothing: describe calls are eventually consistent.
    NotFound(What),
    /// The interface can never be a source: its own type, or the type of its instance.
    InterfaceUnsupported,
    /// The interface cannot be a source because it belongs to a traffic mirror target.
    InterfaceIsTarget,
    /// Another session of the interface has the session number.
    NumberInUse,
    /// A quota is exhausted. None of them is adjustable.
    LimitExceeded(Limit),
    /// The client token was used before with other parameters: look whether the session is there.
    ClientTokenReused,
    /// The credentials are good, the permission is missing.
    Denied,
    /// There are no credentials, or AWS does not accept them.
    Credentials,
    /// Too many calls, also after all retries.
    Throttled,
    /// No answer: no connection, no name, no TLS, or none in time.
    Unreachable,
    /// An answer, but not of the EC2 API.
    NotEc2,
    /// A failure inside AWS, also after all retries.
    ServerFault,
    /// The provider block is wrong.
    Configuration,
    Other,
}

/// The kind of thing that was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Display)]
pub enum What {
    #[strum(to_string = "traffic mirror session")]
    Session,
    #[strum(to_string = "traffic mirror target")]
    Target,
    #[strum(to_string = "traffic mirror filter")]
    Filter,
    #[strum(to_string = "traffic mirror filter rule")]
    FilterRule,
    #[strum(to_string = "network interface")]
    NetworkInterface,
    #[strum(to_string = "instance")]
    Instance,
    #[strum(to_string = "resource")]
    Other,
}

/// A quota of Traffic Mirroring, or of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Display)]
pub enum Limit {
    #[strum(to_string = "sessions per network interface")]
    SessionsPerInterface,
    #[strum(to_string = "sessions per traffic mirror target")]
    SessionsPerTarget,
    #[strum(to_string = "sources per traffic mirror target")]
    SourcesPerTarget,
    #[strum(to_string = "traffic mirror sessions")]
    Sessions,
    #[strum(to_string = "traffic mirror targets")]
    Targets,
    #[strum(to_string = "traffic mirror filters")]
    Filters,
    #[strum(to_string = "rules per traffic mirror filter")]
    FilterRules,
    #[strum(to_string = "tags per resource")]
    Tags,
}

/// The class of an error code that a service answered with. `status` is the HTTP status, which decides for codes that
/// are not known; `message` decides for those codes that AWS uses for several things.
pub(super) fn classify(code: &str, message: &str, status: Option<u16>) -> ErrorClass {
    let code = code.to_ascii_lowercase();
    let code = code
        .strip_prefix("client.")
        .or(code.strip_prefix("server."))
        .unwrap_or(&code);
    let code = code.strip_suffix("exception").unwrap_or(code);
    let message = message.to_ascii_lowercase();

    match code {
        "unauthorizedoperation" | "accessdenied" | "operationnotpermitted" => return ErrorClass::Denied,
        "authfailure"
        | "expiredtoken"
        | "incompletesignature"
        | "invalidaccesskeyid"
        | "invalidclienttokenid"
        | "invalidsecurity"
        | "invalidtoken"
        | "missingauthenticationtoken"
        | "optinrequired"
        | "pendingverification"
        | "requestexpired"
        | "signaturedoesnotmatch"
        | "unrecognizedclient" => return ErrorClass::Credentials,
        "ec2throttled"
        | "requestlimitexceeded"
        | "requestthrottled"
        | "slowdown"
        | "throttled"
        | "throttling"
        | "toomanyrequests" => return ErrorClass::Throttled,
        "idempotentparametermismatch" => return ErrorClass::ClientTokenReused,
        "networkinterfacenotsupported" => return ErrorClass::InterfaceUnsupported,
        "interfaceinusebytrafficmirrortarget" => return ErrorClass::InterfaceIsTarget,
        "internalerror" | "internalfailure" | "unavailable" | "serviceunavailable" => {
            return ErrorClass::ServerFault;
        }
        _ => {}
    }
    if let Some(limit) = limit(code, &message) {
        return ErrorClass::LimitExceeded(limit);
    }
    if let Some(what) = not_found(code) {
        return ErrorClass::NotFound(what);
    }
    // The code that comes with these texts is not documented.
    if message.contains("must be attached to a supported instance") {
        return ErrorClass::InterfaceUnsupported;
    }
    if code.contains("sessionnumber") && (code.contains("inuse") || code.contains("exists"))
        || message.contains("number")
            && (message.contains("already being used") || message.contains("already in use"))
    {
        return ErrorClass::NumberInUse;
    }
    match status {
        Some(429) => ErrorClass::Throttled,
        Some(500..) => ErrorClass::ServerFault,
        _ => ErrorClass::Other,
    }
}

fn limit(code: &str, message: &str) -> Option<Limit> {
    if message.contains("sources per interface-target limit reached") {
        return Some(Limit::SourcesPerTarget);
    }
    Some(match code.strip_suffix("limitexceeded")? {
        "trafficmirrorsessionsperinterface" => Limit::SessionsPerInterface,
        "trafficmirrorsessionspertarget" => Limit::SessionsPerTarget,
        "trafficmirrorsourcespertarget" => Limit::SourcesPerTarget,
        "trafficmirrorsession" => Limit::Sessions,
        "trafficmirrortarget" => Limit::Targets,
        "trafficmirrorfilter" => Limit::Filters,
        "trafficmirrorfilterrule" => Limit::FilterRules,
        "tag" => Limit::Tags,
        _ => return None,
    })
}

/// `InvalidTrafficMirrorSessionNotFound`, `InvalidTrafficMirrorSessionId.NotFound`, `InvalidTrafficMirrorTargetNoFound`
/// (so it is documented), `InvalidNetworkInterfaceId.Malformed` and their like.
fn not_found(code: &str) -> Option<What> {
    // What CreateTags says of a resource that it does not know, and Elastic Load Balancing of its own.
    if ["invalidid", "loadbalancernotfound", "targetgroupnotfound"].contains(&code) {
        return Some(What::Other);
    }
    let thing = ["notfound", "nofound", "malformed"]
        .iter()
        .find_map(|end| code.strip_suffix(end))?;
    let thing = thing.trim_end_matches('.').strip_prefix("invalid")?;
    Some(match thing.strip_suffix("id").unwrap_or(thing) {
        "trafficmirrorsession" => What::Session,
        "trafficmirrortarget" => What::Target,
        "trafficmirrorfilter" => What::Filter,
        "trafficmirrorfilterrule" => What::FilterRule,
        "networkinterface" => What::NetworkInterface,
        "instance" => What::Instance,
        _ => What::Other,
    })
}
