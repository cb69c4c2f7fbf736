//! How the length of a session's packets changes, above all with its target.

use super::{FieldChange, MirrorSession, SessionSpec, TargetKind};

/// The change of the length, and the length to set by a further call. The session `moves` between targets of these kinds, as far as
/// they are known, or stays on one of the second kind.
///
/// From a network load balancer to another kind of target, EC2 wants the length removed by the call that changes the target.
pub fn length_change(
    spec: &SessionSpec,
    session: &MirrorSession,
    moves: bool,
    (from, to): (Option<TargetKind>, Option<TargetKind>),
) -> (FieldChange<i64>, Option<i64>) {
    let is_balancer = |kind: TargetKind| kind == TargetKind::NetworkLoadBalancer;
    let to_another_kind = moves && session.packet_length.is_some() && !to.is_some_and(is_balancer);
    match spec.packet_length {
        // What a network load balancer calls the whole packet would cut packets to another kind of target.
        None if to_another_kind => (FieldChange::Remove, None),
        Some(length) if to_another_kind && from.is_none_or(is_balancer) => {
            (FieldChange::Remove, Some(length))
        }
        _ if spec.has_length_of(session, to) => (FieldChange::Keep, None),
        Some(length) => (FieldChange::Set(length), None),
        None => (FieldChange::Remove, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERFACE: Option<TargetKind> = Some(TargetKind::NetworkInterface);
    const BALANCER: Option<TargetKind> = Some(TargetKind::NetworkLoadBalancer);
    const ENDPOINT: Option<TargetKind> = Some(TargetKind::GatewayLoadBalancerEndpoint);

    fn change(
        wanted: Option<i64>,
        actual: Option<i64>,
        kinds: (Option<TargetKind>, Option<TargetKind>),
    ) -> (FieldChange<i64>, Option<i64>) {
        let spec = SessionSpec {
            packet_length: wanted,
            ..SessionSpec::default()
        };
        let session = MirrorSession {
            packet_length: actual,
            ..MirrorSession::default()
        };
        length_change(&spec, &session, true, kinds)
    }

    #[test]
    fn the_length_of_a_load_balancer_goes_with_it() {
        let keep = (FieldChange::Keep, None);
        let remove = (FieldChange::Remove, None);
        assert_eq!(change(None, Some(8500), (BALANCER, BALANCER)), keep);
        for to in [INTERFACE, ENDPOINT, None] {
            assert_eq!(change(None, Some(8500), (BALANCER, to)), remove);
        }
    }

    #[test]
    fn one_that_is_wanted_is_set_after_the_load_balancer_is_left() {
        let afterwards = (FieldChange::Remove, Some(500));
        for from in [BALANCER, None] {
            for to in [INTERFACE, ENDPOINT, None] {
                assert_eq!(change(Some(500), Some(8500), (from, to)), afterwards);
                assert_eq!(change(Some(500), Some(500), (from, to)), afterwards);
            }
        }
        let at_once = (FieldChange::Set(500), None);
        assert_eq!(change(Some(500), Some(100), (INTERFACE, ENDPOINT)), at_once);
        assert_eq!(change(Some(500), Some(8600), (INTERFACE, BALANCER)), at_once);
        assert_eq!(
            change(Some(500), None, (None, INTERFACE)),
            at_once,
            "no load balancer has none"
        );
        assert_eq!(
            change(Some(500), Some(500), (INTERFACE, INTERFACE)),
            (FieldChange::Keep, None)
        );
    }
}
