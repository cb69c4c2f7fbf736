//! One call from its bytes to its answer: who calls, churn, throttling,
//! faults, the handler, the ledger.

use std::time::Duration;

use serde_json::Value;

use crate::actions::{self, Call};
use crate::churn::{Churn, Step};
use crate::clock::Clock;
use crate::failure::Failure;
use crate::faults::{Fault, Kind, Subject, strike};
use crate::fleet::{FleetError, Origin};
use crate::identity::{Identified, anonymous, identify};
use crate::ledger::{Entry, Ledger};
use crate::policy;
use crate::settings::Settings;
use crate::sigv4::{self, Request};
use crate::state::ids::Ids;
use crate::state::world::Caller;
use crate::state::{Millis, World};
use crate::throttle::Buckets;
use crate::wire::model::Protocol;
use crate::wire::{Model, Service, decode};

/// How an answer leaves the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// As it should.
    Whole,
    /// Not at all, or spoilt, as a fault wants it.
    Spoilt(Kind),
}

/// The answer to a call, not yet encoded.
#[derive(Debug)]
pub struct Reply {
    /// Whose protocol to answer in.
    pub service: &'static Service,
    /// The action.
    pub action: String,
    /// The tree or the error.
    pub result: Result<Value, Failure>,
    /// What the answer is called by.
    pub request_id: String,
    /// How long to wait before answering.
    pub delay: Duration,
    /// How to answer.
    pub delivery: Delivery,
}

/// How the sandbox behaves at the start, and again after a reset.
#[derive(Debug, Clone)]
pub struct Start {
    /// The settings.
    pub settings: Settings,
    /// Seconds of the sandbox in a real second.
    pub clock_speed: f64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What moves by itself.
    pub churn: Vec<Step>,
}

/// The running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    /// What exists.
    pub world: World,
    /// What time it is.
    pub clock: Clock,
    /// Who was asked how often.
    pub buckets: Buckets,
    /// What was asked.
    pub ledger: Ledger,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What moves by itself.
    pub churn: Churn,
    /// How it behaves.
    pub settings: Settings,
    origin: Origin,
    start: Start,
    request_ids: Ids,
}

/// One authenticated call, taken apart.
#[derive(Clone, Copy)]
struct Incoming<'a> {
    /// `ec2`, `sts` or `elbv2`.
    name: &'a str,
    /// That service's model.
    service: &'static Service,
    /// The API version that the request names.
    version: &'a str,
    /// The action.
    action: &'a str,
    /// The parameters, without action and version.
    params: &'a [(String, String)],
    /// The caller.
    who: &'a Identified,
}

impl Sandbox {
    /// A sandbox with the fleet of `origin`.
    pub fn new(origin: Origin, start: Start) -> Result<Self, FleetError> {
        let mut clock = Clock::default();
        clock.set_speed(start.clock_speed);
        let world = origin.world(clock.now())?;
        Ok(Self {
            world,
            buckets: Buckets::default(),
            ledger: Ledger::default(),
            faults: start.faults.clone(),
            churn: Churn {
                steps: start.churn.clone(),
                since: clock.now(),
                calls: Vec::new(),
            },
            clock,
            settings: start.settings.clone(),
            origin,
            start,
            request_ids: Ids::new(u64::MAX),
        })
    }

    /// All as it was at the start; the clock shows the real time again.
    ///
    /// Only request ids go on, so that none is used twice.
    pub fn reset(&mut self) -> Result<(), FleetError> {
        let fresh = Self::new(self.origin.clone(), self.start.clone())?;
        let request_ids = std::mem::replace(self, fresh).request_ids;
        self.request_ids = request_ids;
        Ok(())
    }

    /// Answers one request.
    pub fn handle(&mut self, request: &Request) -> Reply {
        let mut params: Vec<(String, String)> = form_urlencoded::parse(request.query.as_bytes())
            .chain(form_urlencoded::parse(&request.body))
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        let mut take = |name: &str| {
            let at = params.iter().position(|(key, _)| key == name)?;
            Some(params.swap_remove(at).1)
        };
        let action = take("Action").unwrap_or_default();
        let version = take("Version").unwrap_or_default();
        let claim = sigv4::claim(request);
        let (name, service) = service(claim.as_ref(), &version);
        let now = self.clock.now();
        let mut reply = Reply {
            service,
            action: action.clone(),
            result: Ok(Value::Null),
            request_id: self.request_ids.uuid(),
            delay: Duration::from_millis(self.settings.latency_ms),
            delivery: Delivery::Whole,
        };
        let mut entry = Entry {
            number: self.ledger.entries.len() as u64 + 1,
            time: now,
            service: name.to_owned(),
            action: action.clone(),
            account: String::new(),
            region: claim.as_ref().map(|c| c.region.clone()).unwrap_or_default(),
            principal: String::new(),
            outcome: String::new(),
            mutating: actions::mutates(&action),
            changed: false,
            parameters: Value::Null,
            user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
        };
        let identified = match anonymous(name, &action, claim.as_ref()) {
            Some(nobody) => Ok(nobody),
            None => identify(&self.world.accounts, request, claim.as_ref(), name, now),
        };
        reply.result = match identified {
            Err(failure) => Err(failure),
            Ok(who) => {
                entry.account = who.caller.account.clone();
                entry.principal = who.caller.arn.clone();
                let incoming = Incoming {
                    name,
                    service,
                    version: &version,
                    action: &action,
                    params: &params,
                    who: &who,
                };
                let result = self.answer(&incoming, &mut entry, &mut reply);
                if name == "ec2" {
                    result
                } else {
                    result.map_err(Failure::in_query_words)
                }
            }
        };
        entry.outcome = match (&reply.result, reply.delivery) {
            (_, Delivery::Spoilt(kind)) => serde_json::to_value(kind)
                .ok()
                .and_then(|v| v.as_str().map(str::to_owned))
                .unwrap_or_default(),
            (Ok(_), Delivery::Whole) => "ok".to_owned(),
            (Err(failure), Delivery::Whole) => failure.code.to_string(),
        };
        self.ledger.entries.push(entry);
        reply
    }

    /// What an authenticated call comes to; fills in what the ledger and the answer's delivery need.
    fn answer(
        &mut self,
        incoming: &Incoming,
        entry: &mut Entry,
        reply: &mut Reply,
    ) -> Result<Value, Failure> {
        let Incoming {
            name,
            service,
            version,
            action,
            params,
            who,
        } = *incoming;
        if version != service.version {
            let text = format!(
                "The requested version '{version}' does not exist. It must be {}",
                service.version
            );
            return Err(Failure::new("NoSuchVersion", text));
        }
        if !service.actions.contains_key(action) {
            let text = format!("The action {action} is not valid for this web service.");
            return Err(Failure::new("InvalidAction", text));
        }
        let now = entry.time;
        self.run_churn(action, &who.region, now);
        let input = decode::decode(service, action, params);
        if let Ok(input) = &input {
            entry.parameters = input.clone();
        }
        // STS is not throttled by action; its limits are far beyond what a client sends.
        if self.settings.throttle && name != "sts" {
            let narrows =
                |name: &str| name.starts_with("Filter.") || name.contains("Id.") || name == "MaxResults";
            let unfiltered = !params.iter().any(|(name, _)| narrows(name));
            let of = (who.caller.account.as_str(), who.region.as_str(), action);
            self.buckets.take(of, unfiltered, &self.settings.rates, now)?;
        }
        let subject = Subject {
            action,
            account: &who.caller.account,
            principal: &who.caller.arn,
            region_name: &who.region,
            input: &entry.parameters,
            region: self.world.regions.get(&who.region),
        };
        if let Some(permission) = policy::missing(&self.settings.policies, name, &subject) {
            return Err(Failure::unauthorized(&who.caller.arn, &permission));
        }
        let fault = strike(&mut self.faults, &subject, &mut self.request_ids);
        if let Some(fault) = &fault {
            reply.delay += Duration::from_millis(fault.delay_ms);
            if !fault.after_change {
                if let Some(failure) = fault.failure(&who.caller.arn, name, action) {
                    return Err(failure);
                }
                if matches!(fault.kind, Kind::Reset | Kind::Hang | Kind::Html) {
                    reply.delivery = Delivery::Spoilt(fault.kind);
                    return Ok(Value::Null);
                }
            }
        }
        let (result, replayed) = self.perform(name, action, input?, who.caller.clone(), &who.region, now);
        entry.changed = entry.mutating && result.is_ok() && !replayed;
        if let Some(fault) = fault {
            if let Some(failure) = fault.failure(&who.caller.arn, name, action) {
                return Err(failure);
            }
            if fault.kind != Kind::Slow {
                reply.delivery = Delivery::Spoilt(fault.kind);
            }
        }
        result
    }

    /// Runs a handler on the region's state; also says whether it only repeated an earlier answer.
    fn perform(
        &mut self,
        service: &str,
        action: &str,
        input: Value,
        caller: Caller,
        region_name: &str,
        now: Millis,
    ) -> (Result<Value, Failure>, bool) {
        let Some(handler) = actions::find(service, action) else {
            let text = format!("The sandbox has no {action}");
            return (Err(Failure::new("InvalidAction", text)), false);
        };
        let elsewhere = self.world.regions.iter().filter(|(name, _)| *name != region_name);
        let sessions_elsewhere = elsewhere.map(|(_, r)| r.session_count(&caller.account)).sum();
        let region = self.world.regions.entry(region_name.to_owned()).or_default();
        region.tick(now, self.settings.consistency_delay_ms);
        let mut call = Call {
            action,
            region_name,
            caller,
            input,
            region,
            accounts: &mut self.world.accounts,
            ids: &mut self.world.ids,
            now,
            short_pages: self.settings.short_pages,
            sessions_elsewhere,
            replayed: false,
        };
        let result = handler(&mut call);
        (result, call.replayed)
    }

    /// Runs the steps of the script that are due before this call.
    fn run_churn(&mut self, action: &str, region: &str, now: Millis) {
        for n in self.churn.due(action, now) {
            let step = self.churn.steps[n].clone();
            let account = step
                .account
                .clone()
                .or_else(|| self.world.accounts.list.first().map(|a| a.id.clone()));
            let caller = Caller {
                account: account.unwrap_or_default(),
                arn: "churn".to_owned(),
                user_id: "churn".to_owned(),
            };
            let region = step.region.as_deref().unwrap_or(region).to_owned();
            let (result, _) =
                self.perform("ec2", &step.action, step.parameters.clone(), caller, &region, now);
            self.churn.steps[n].outcome = Some(match result {
                Ok(_) => "ok".to_owned(),
                Err(failure) => failure.to_string(),
            });
        }
    }
}

/// The service of a request: by its API version, or, if no service has that, by its credential scope.
fn service(claim: Option<&sigv4::Claim>, version: &str) -> (&'static str, &'static Service) {
    let name = match (version, claim.map(|claim| claim.service.as_str())) {
        ("2016-11-15", _) => "ec2",
        ("2011-06-15", _) | (_, Some("sts")) => "sts",
        ("2015-12-01", _) | (_, Some("elasticloadbalancing")) => "elbv2",
        _ => "ec2",
    };
    match Model::get().service(name) {
        Some(service) => (name, service),
        None => unreachable!("the model has ec2, sts and elbv2"),
    }
}

impl Reply {
    /// Status and XML of the answer.
    pub fn encode(&self) -> (u16, String) {
        let encoded = match &self.result {
            Ok(answer) => crate::wire::encode::encode(self.service, &self.action, answer, &self.request_id),
            Err(failure) => Err(failure.clone()),
        };
        match encoded {
            Ok(xml) => (200, xml),
            Err(failure) => {
                let protocol: Protocol = self.service.protocol;
                (
                    failure.status,
                    crate::wire::encode::encode_failure(protocol, &failure, &self.request_id),
                )
            }
        }
    }
}
