//! What is behind a traffic mirror target, and whether packets of a source reach it.

use std::collections::BTreeSet;

use super::delivery::{Fact, Outcome, gone};
use super::security_group::prefix_lists;
use super::{IngressRule, Reason, Sender, VXLAN_PORT, lets_in};

/// What a target delivers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// A network interface; none when it is gone.
    NetworkInterface(Fact<Option<ReceivingInterface>>),
    /// A network load balancer: its UDP listener on port 4789, none when the load balancer is gone.
    LoadBalancer(Fact<Option<Listener>>),
    /// A gateway load balancer endpoint: whether it is there. EC2 does not tell its user which load balancer is behind it.
    GatewayEndpoint(Fact<bool>),
    /// Another account's, which shows nothing of it.
    Shared,
}

/// The network interface of a sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivingInterface {
    /// `eni-…`
    pub id: String,
    /// None when it is attached to nothing.
    pub instance: Option<ReceivingInstance>,
    /// Its security groups.
    pub guard: Guard,
}

/// The instance of a sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivingInstance {
    /// `i-…`
    pub id: String,
    /// EC2's instance-state-name.
    pub state: String,
}

/// Security groups in front of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// `sg-…`
    pub security_group_ids: Vec<String>,
    /// Rules of all these groups.
    pub ingress: Fact<Vec<IngressRule>>,
}

/// What listens on UDP 4789.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Whether anything does.
    pub listens: bool,
    /// Security groups of the load balancer; none where it has no security groups.
    pub guard: Fact<Option<Guard>>,
    /// Where it forwards to.
    pub groups: Vec<ReceivingGroup>,
}

/// A target group behind a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivingGroup {
    /// What is registered in it and healthy.
    pub sensors: Fact<Vec<RegisteredSensor>>,
    /// Whether packets of every zone reach sensors in all of them.
    pub cross_zone: Fact<bool>,
}

/// A healthy sensor behind a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredSensor {
    /// An instance or an address.
    pub id: String,
    /// Name of its zone; none where it serves every zone.
    pub zone: Fact<Option<String>>,
    /// Where it receives.
    pub port: i32,
    /// Security groups of its network interface.
    pub guard: Fact<Guard>,
}

impl Receiver {
    /// Why something of it is not seen, in the words of [`Fact::Unseen`].
    pub fn whys(&self) -> Vec<&str> {
        match self {
            Self::NetworkInterface(fact) => {
                let interface = fact.known().and_then(Option::as_ref);
                let of_guard = interface.and_then(|interface| interface.guard.ingress.why());
                fact.why().into_iter().chain(of_guard).collect()
            }
            Self::LoadBalancer(fact) => {
                let listener = fact.known().and_then(Option::as_ref);
                let of_listener = listener.into_iter().flat_map(Listener::whys);
                fact.why().into_iter().chain(of_listener).collect()
            }
            Self::GatewayEndpoint(fact) => fact.why().into_iter().collect(),
            Self::Shared => Vec::new(),
        }
    }

    /// Whether packets of this sender, which is in this zone, reach a sensor behind the target.
    pub(super) fn judge(&self, target: &str, sender: Sender<'_>, zone: Option<&str>) -> Outcome {
        match self {
            Self::Shared => Outcome::Unseen(format!(
                "{target} belongs to another account, and what is behind it can only be seen there"
            )),
            Self::NetworkInterface(interface) => {
                let what = format!("the network interface of {target}");
                interface.judge(&what, |interface| match interface {
                    None => gone(format!("{what} does not exist")),
                    Some(interface) => interface.judge(target, sender),
                })
            }
            Self::LoadBalancer(listener) => {
                listener.judge(&format!("the listeners of {target}"), |listener| match listener {
                    None => gone(format!("the load balancer of {target} does not exist")),
                    Some(listener) => listener.judge(target, sender, zone),
                })
            }
            Self::GatewayEndpoint(exists) => {
                exists.judge(&format!("the endpoint of {target}"), |exists| match exists {
                    false => gone(format!("the endpoint of {target} does not exist")),
                    true => Outcome::Unseen(format!(
                        "EC2 does not tell which gateway load balancer is behind the endpoint of {target}, so what receives cannot be \
                         seen"
                    )),
                })
            }
        }
    }
}

impl Receiver {
    /// What is certain to drop packets, whoever sends them and from whatever zone: how healthy the sensors are may pass.
    pub fn drops(&self, target: &str) -> Option<(Reason, String)> {
        let anybody = Sender::default();
        let outcome = match self {
            Self::LoadBalancer(Fact::Known(Some(listener))) if listener.listens => listener
                .guarded(target, anybody)
                .and(|| listener.each_lets_in(target, anybody)),
            _ => self.judge(target, anybody, None),
        };
        match outcome {
            Outcome::Fails(
                reason @ (Reason::TargetGone | Reason::TargetNoListener | Reason::TargetPortClosed),
                detail,
            ) => Some((reason, detail)),
            _ => None,
        }
    }
}

impl ReceivingInterface {
    fn judge(&self, target: &str, sender: Sender<'_>) -> Outcome {
        let id = &self.id;
        let stopped = |detail| Outcome::Fails(Reason::TargetStopped, detail);
        let state = match &self.instance {
            None => stopped(format!(
                "{id}, the network interface of {target}, is attached to no instance"
            )),
            Some(instance) if instance.state != "running" => stopped(format!(
                "{}, the instance of {target}, is {}",
                instance.id, instance.state
            )),
            Some(_) => Outcome::Delivers,
        };
        let what = format!("{id}, the network interface of {target}");
        state.and(|| self.guard.judge(&what, VXLAN_PORT, sender))
    }
}

impl Guard {
    /// Whether it lets the sender's packets in to `what`.
    fn judge(&self, what: &str, port: i32, sender: Sender<'_>) -> Outcome {
        let groups = self.security_group_ids.join(", ");
        let of = match sender.addresses.is_empty() {
            true => "",
            false => " from this source",
        };
        self.ingress
            .judge(&format!("the rules of security groups of {what}"), |rules| {
                match lets_in(rules, port, sender) {
                    Some(true) => Outcome::Delivers,
                    Some(false) => Outcome::Fails(
                        Reason::TargetPortClosed,
                        format!("no rule of {groups} lets UDP {port}{of} in to {what}"),
                    ),
                    None => Outcome::Unseen(format!(
                        "whether a rule of {groups} lets UDP {port} from this source in to {what} cannot be seen{}",
                        untold(rules, port)
                    )),
                }
            })
    }
}

fn untold(rules: &[IngressRule], port: i32) -> String {
    match prefix_lists(rules, port) {
        lists if lists.is_empty() => ": not every address of the source is let in".to_owned(),
        lists => format!(": it depends on what is in {}", lists.join(", ")),
    }
}

impl Listener {
    fn whys(&self) -> impl Iterator<Item = &str> {
        let of_groups = self.groups.iter().flat_map(|group| {
            let sensors = group.sensors.known().into_iter().flatten();
            let of_sensors = sensors.flat_map(|sensor| {
                let guard = sensor.guard.known().and_then(|guard| guard.ingress.why());
                sensor
                    .zone
                    .why()
                    .into_iter()
                    .chain(sensor.guard.why())
                    .chain(guard)
            });
            group
                .sensors
                .why()
                .into_iter()
                .chain(group.cross_zone.why())
                .chain(of_sensors)
        });
        let guard = self.guard.known().and_then(Option::as_ref);
        let of_guard = guard.and_then(|guard| guard.ingress.why());
        self.guard.why().into_iter().chain(of_guard).chain(of_groups)
    }

    fn judge(&self, target: &str, sender: Sender<'_>, zone: Option<&str>) -> Outcome {
        if !self.listens {
            return Outcome::Fails(
                Reason::TargetNoListener,
                format!("the load balancer of {target} has no UDP listener on port {VXLAN_PORT}"),
            );
        }
        self.sensors_for(target, zone)
            .and(|| self.guarded(target, sender))
            .and(|| self.let_in(target, self.passed_on(sender), zone))
    }

    /// Whether the load balancer's own security groups let the sender's packets in.
    fn guarded(&self, target: &str, sender: Sender<'_>) -> Outcome {
        let balancer = format!("the load balancer of {target}");
        let what = format!("the security groups of {balancer}");
        self.guard.judge(&what, |guard| match guard {
            None => Outcome::Delivers,
            Some(guard) => guard.judge(&balancer, VXLAN_PORT, sender),
        })
    }

    /// Who the sensors see. A load balancer for UDP keeps the address of the client. Rules behind it can name its own security groups,
    /// and not those of the client (Network Load Balancers, "Security groups", "Client IP preservation").
    fn passed_on<'a>(&'a self, sender: Sender<'a>) -> Sender<'a> {
        Sender {
            security_group_ids: match &self.guard {
                Fact::Known(Some(guard)) => Some(&guard.security_group_ids),
                Fact::Known(None) => Some(&[]),
                Fact::Unseen(_) => None,
            },
            ..sender
        }
    }

    /// Whether every sensor lets the packets in.
    fn each_lets_in(&self, target: &str, sender: Sender<'_>) -> Outcome {
        let sensors = self.groups.iter().filter_map(|group| group.sensors.known());
        sensors.flatten().fold(Outcome::Delivers, |outcome, sensor| {
            outcome.and(|| sensor.lets_in(target, self.passed_on(sender)))
        })
    }

    /// Whether a healthy sensor of each group takes what comes from this zone: each group gets a part.
    fn sensors_for(&self, target: &str, zone: Option<&str>) -> Outcome {
        if self.groups.is_empty() {
            return unhealthy(format!("{target} has no healthy sensor"));
        }
        let each = self.groups.iter();
        each.fold(Outcome::Delivers, |outcome, group| {
            outcome.and(|| group.sensors_for(target, zone))
        })
    }

    /// Whether every sensor that is sent to lets the packets in: each gets a part of them.
    fn let_in(&self, target: &str, sender: Sender<'_>, zone: Option<&str>) -> Outcome {
        let mut outcome = Outcome::Delivers;
        for group in &self.groups {
            let what = format!("health of the sensors behind {target}");
            outcome = outcome.and(|| group.sensors.judge(&what, |_| Outcome::Delivers));
            for sensor in group.sensors.known().into_iter().flatten() {
                let certain = match (sensor.serves(zone), &group.cross_zone) {
                    (Some(true), _) | (_, Fact::Known(true)) => true,
                    (Some(false), Fact::Known(false)) => continue,
                    _ => false,
                };
                let judged = match sensor.lets_in(target, sender) {
                    Outcome::Fails(_, detail) if !certain => Outcome::Unseen(format!(
                        "{detail}, and whether it gets packets of this source cannot be seen"
                    )),
                    judged => judged,
                };
                outcome = outcome.and(|| judged);
            }
        }
        outcome
    }
}

fn unhealthy(detail: String) -> Outcome {
    Outcome::Fails(Reason::TargetUnhealthy, detail)
}

impl ReceivingGroup {
    fn sensors_for(&self, target: &str, zone: Option<&str>) -> Outcome {
        let sensors = match &self.sensors {
            Fact::Known(sensors) => sensors,
            Fact::Unseen(why) => {
                return Outcome::Unseen(format!(
                    "health of the sensors behind {target} cannot be seen {why}"
                ));
            }
        };
        let mut unseen = None;
        let mut elsewhere = BTreeSet::new();
        for sensor in sensors {
            match (sensor.serves(zone), &self.cross_zone) {
                (Some(true), _) | (_, Fact::Known(true)) => return Outcome::Delivers,
                (Some(false), Fact::Known(false)) => {
                    elsewhere.extend(sensor.zone.known().and_then(Option::as_deref));
                }
                (None, Fact::Known(false)) => {
                    unseen = Some(format!(
                        "the zone of {} or of the source cannot be seen",
                        sensor.id
                    ));
                }
                (_, Fact::Unseen(why)) => {
                    unseen = Some(format!("cross-zone balancing of {target} cannot be seen {why}"));
                }
            }
        }
        if let Some(unseen) = unseen {
            return Outcome::Unseen(unseen);
        }
        match zone {
            Some(zone) if !sensors.is_empty() => unhealthy(format!(
                "{target} has no healthy sensor in {zone}, only in {}, and does not balance across zones",
                elsewhere.into_iter().collect::<Vec<_>>().join(", ")
            )),
            _ => unhealthy(format!("{target} has no healthy sensor")),
        }
    }
}

impl RegisteredSensor {
    fn lets_in(&self, target: &str, sender: Sender<'_>) -> Outcome {
        let what = format!("{}, a sensor behind {target}", self.id);
        self.guard
            .judge(&format!("the security groups of {what}"), |guard| {
                guard.judge(&what, self.port, sender)
            })
    }

    /// Whether it is in the zone; none where that is not seen.
    fn serves(&self, zone: Option<&str>) -> Option<bool> {
        match self.zone.known()? {
            None => Some(true),
            Some(own) => zone.map(|zone| zone == own),
        }
    }
}
