//! The command line of the sandbox.

#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use ec2_sandbox::actions::find;
use ec2_sandbox::fleet::{FleetError, Origin, file, generate};
use ec2_sandbox::http::{Shared, serve};
use ec2_sandbox::sandbox::{Sandbox, Start};
use ec2_sandbox::settings::Settings;
use ec2_sandbox::throttle::Rate;
use lexopt::prelude::*;
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
A strict stand-in for EC2 (and what VPC Traffic Mirroring needs of STS and elbv2) on loopback.

Usage: ec2-sandbox [--fleet FILE | --instances N [--seed S] [--region R]] [options]

What exists at the start:
  --fleet FILE            a fleet in YAML (tests/sandbox/fleets/sample.yaml shows the form)
  --instances N           a generated fleet of N instances, and a sensor in each VPC
  --seed S                the same seed makes the same ids and the same generated fleet (default 1)
  --region R              the region of a generated fleet (default eu-west-1)

How it behaves:
  --listen ADDR:PORT      loopback only (default 127.0.0.1:0, a free port)
  --no-throttle           no request throttling; by default each action has the bucket that AWS documents
  --clock-speed X         the sandbox's clock runs X times as fast as time: buckets fill, tokens and
                          terminated instances expire sooner (default 1)
  --consistency-delay S   a change shows in describe calls only after S seconds (default 0)
  --latency MS            every answer takes MS milliseconds (default 0)
  --short-pages           pages hold fewer rows than asked for, as EC2's may
  --faults FILE           JSON: a fault or a list of faults
  --churn FILE            JSON: a list of calls that the sandbox makes to itself
  --rate ACTION=SIZE/PER_SECOND
                          another token bucket for an action; may be repeated
  --ledger FILE           at the end (SIGINT, SIGTERM) the ledger of all calls is written here, as JSON

  --help, --version

Credentials: access key AKIASANDBOX000000000, secret `sandbox`, unless the fleet names others.
Once it listens it prints one line on standard output: listening on http://ADDR:PORT
Everything that can be set here, and a ledger of all calls, is at /_sandbox/ while it runs.
";

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Arguments(#[from] lexopt::Error),
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Fleet(#[from] FleetError),
    #[error("cannot use {path}: {problem}")]
    File { path: PathBuf, problem: String },
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("cannot serve: {0}")]
    Serve(std::io::Error),
}

struct Options {
    listen: SocketAddr,
    fleet: Option<PathBuf>,
    instances: Option<u32>,
    seed: u64,
    region: String,
    settings: Settings,
    ledger: Option<PathBuf>,
    clock_speed: f64,
    faults: Option<PathBuf>,
    churn: Option<PathBuf>,
}

/// The options, or nothing if the question was answered.
fn options() -> Result<Option<Options>, Error> {
    let mut options = Options {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        fleet: None,
        instances: None,
        seed: 1,
        region: "eu-west-1".to_owned(),
        settings: Settings::default(),
        ledger: None,
        clock_speed: 1.0,
        faults: None,
        churn: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(None);
            }
            Long("version") => {
                println!("ec2-sandbox {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            Long("listen") => options.listen = parser.value()?.parse()?,
            Long("fleet") => options.fleet = Some(parser.value()?.into()),
            Long("instances") => options.instances = Some(parser.value()?.parse()?),
            Long("seed") => options.seed = parser.value()?.parse()?,
            Long("region") => options.region = parser.value()?.string()?,
            Long("no-throttle") => options.settings.throttle = false,
            Long("clock-speed") => options.clock_speed = parser.value()?.parse()?,
            Long("consistency-delay") => {
                let seconds: f64 = parser.value()?.parse()?;
                options.settings.consistency_delay_ms = (seconds * 1000.0) as u64;
            }
            Long("latency") => options.settings.latency_ms = parser.value()?.parse()?,
            Long("short-pages") => options.settings.short_pages = true,
            Long("faults") => options.faults = Some(parser.value()?.into()),
            Long("rate") => {
                let (action, rate) = rate(&parser.value()?.string()?)?;
                options.settings.rates.insert(action, rate);
            }
            Long("ledger") => options.ledger = Some(parser.value()?.into()),
            Long("churn") => options.churn = Some(parser.value()?.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    if !options.listen.ip().is_loopback() {
        return Err(Error::Usage(format!(
            "{} is not a loopback address",
            options.listen
        )));
    }
    if options.fleet.is_some() && options.instances.is_some() {
        return Err(Error::Usage(
            "--fleet and --instances exclude each other".to_owned(),
        ));
    }
    Ok(Some(options))
}

/// A throttle rate, `ACTION=SIZE/PER_SECOND`.
fn rate(text: &str) -> Result<(String, Rate), Error> {
    let number = |text: &str| text.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0);
    let parts = text.split_once('=').and_then(|(action, rate)| {
        let (size, per_second) = rate.split_once('/')?;
        let rate = Rate {
            size: number(size)?,
            per_second: number(per_second)?,
        };
        Some((action.to_owned(), rate))
    });
    let Some((action, rate)) = parts else {
        return Err(Error::Usage(format!(
            "--rate {text} is not of the form ACTION=SIZE/PER_SECOND"
        )));
    };
    if !["ec2", "elbv2"]
        .iter()
        .any(|service| find(service, &action).is_some())
    {
        return Err(Error::Usage(format!(
            "--rate {text}: there is no action {action}"
        )));
    }
    Ok((action, rate))
}

fn json<T: serde::de::DeserializeOwned>(path: &PathBuf) -> Result<T, Error> {
    let problem = |problem: String| Error::File {
        path: path.clone(),
        problem,
    };
    let text = std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| problem(error.to_string()))
}

async fn run() -> Result<(), Error> {
    let Some(options) = options()? else { return Ok(()) };
    let fleet = match (&options.fleet, options.instances) {
        (Some(path), _) => file::read(path)?,
        (None, Some(instances)) => generate::generate(instances, options.seed, &options.region),
        (None, None) => file::Fleet::default(),
    };
    let origin = Origin {
        fleet,
        seed: options.seed,
    };
    let start = Start {
        settings: options.settings,
        clock_speed: options.clock_speed,
        faults: options.faults.as_ref().map(json).transpose()?.unwrap_or_default(),
        churn: options.churn.as_ref().map(json).transpose()?.unwrap_or_default(),
    };
    let shared = Shared::new(Sandbox::new(origin, start)?);
    if let Some(path) = &options.ledger {
        // Better to hear of a path that cannot be written before the run than after it.
        write_ledger(path, &shared)?;
    }
    let address = options.listen;
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|source| Error::Listen { address, source })?;
    let bound = listener
        .local_addr()
        .map_err(|source| Error::Listen { address, source })?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Serve)?;
    println!("listening on http://{bound}");
    tokio::select! {
        served = serve(listener, shared.clone()) => served.map_err(Error::Serve)?,
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    match &options.ledger {
        Some(path) => write_ledger(path, &shared),
        None => Ok(()),
    }
}

fn write_ledger(path: &PathBuf, shared: &Shared) -> Result<(), Error> {
    let ledger = shared.lock().ledger.to_json(true);
    std::fs::write(path, format!("{ledger:#}\n")).map_err(|error| Error::File {
        path: path.clone(),
        problem: error.to_string(),
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ec2-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}
