//! `terraform-provider-mirror`: started by Terraform, or by a person with `-debug`.

#![forbid(unsafe_code)]

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use terraform_provider_mirror::go_plugin::{self, Mode, ServeConfig, logs};
use terraform_provider_mirror::provider::Mirror;
use tokio_util::sync::CancellationToken;

/// The address under which configurations name this provider; Terraform and OpenTofu add the host of their registry.
const ADDRESS: &str = "mirror-toolkit/mirror";

const HELP: &str = "\
terraform-provider-mirror: the Terraform provider mirror-toolkit/mirror

Terraform starts this program by itself when a configuration says

    terraform {
      required_providers { mirror = { source = \"mirror-toolkit/mirror\" } }
    }

Usage: terraform-provider-mirror [OPTION]

  -debug, --debug    run on your own, for a debugger, and print the
                     TF_REATTACH_PROVIDERS variable that makes Terraform attach
  --version          print the version
  --help             print this text

Environment:

  TF_LOG_PROVIDER_MIRROR, TF_LOG_PROVIDER, TF_LOG
                     the log level, the first that is set: TRACE, DEBUG, INFO,
                     WARN, ERROR, OFF or JSON
";

enum Command {
    Serve(Mode),
    Version,
    Help,
}

fn main() -> ExitCode {
    let command = match command(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("terraform-provider-mirror: {error}\nSee terraform-provider-mirror --help.");
            return ExitCode::from(2);
        }
    };
    match command {
        Command::Serve(mode) => run(mode),
        Command::Version => print(&format!(
            "terraform-provider-mirror {}\n",
            env!("CARGO_PKG_VERSION")
        )),
        Command::Help => print(HELP),
    }
}

/// Exact words, since Go programs write long flags with one dash and their
/// documentation says `-debug`, which argument parsers read as five short flags.
fn command(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut command = Command::Serve(Mode::Plugin);
    for argument in arguments {
        command = match argument.to_str() {
            Some("-debug" | "--debug" | "-debug=true" | "--debug=true") => Command::Serve(Mode::Debug),
            Some("-version" | "--version" | "-V") => Command::Version,
            Some("-help" | "--help" | "-h") => Command::Help,
            _ => return Err(format!("unknown argument {argument:?}")),
        };
    }
    Ok(command)
}

fn print(text: &str) -> ExitCode {
    use std::io::Write;
    // A reader that closes early has what it wanted.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn run(mode: Mode) -> ExitCode {
    logs::init(logs::LogConfig {
        level_variables: &["TF_LOG_PROVIDER_MIRROR", "TF_LOG_PROVIDER", "TF_LOG"],
        crate_name: "terraform_provider_mirror",
        module: "mirror",
    });
    let ending = CancellationToken::new();
    let config = ServeConfig {
        host: "Terraform",
        address: ADDRESS.to_owned(),
        protocol_version: 6,
        cookie_key: "TF_PLUGIN_MAGIC_COOKIE",
        cookie_value: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
        reattach_variable: "TF_REATTACH_PROVIDERS",
        ending: ending.clone(),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let routes = terraform_provider_mirror::framework::routes(Mirror::default(), ending);
    let served = runtime.block_on(go_plugin::serve(config, routes, mode));
    // Calls whose time was up, and look-ups on blocking threads, must not keep the process.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn Error) -> ExitCode {
    eprintln!("{error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because {cause}");
        source = cause.source();
    }
    ExitCode::FAILURE
}
