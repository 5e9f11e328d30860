// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/daemon.h"

#include "base/if_memory_allows.h"
#include "command/control_socket.h"
#include "command/stats_text.h"
#include "config/twins.h"
#include "ethdev/driver_log.h"
#include "gateway/interfaces.h"
#include "gateway/rules.h"
#include "gateway/sizes.h"
#include "listing/background.h"
#include "net/text.h"
#include "sluice/advice.h"
#include "sluice/pairing.h"
#include "sluice/privilege.h"
#include "sluice/reports.h"
#include "sluice/state_text.h"
#include "sluice/version.h"
#include "worker/run.h"

#include <rte_cycles.h>
#include <rte_launch.h>

#include <string>
#include <string_view>
#include <sys/random.h>
#include <unistd.h>
#include <utility>

namespace sluice::app {
namespace {

constexpr int kRestMilliseconds = 1;      // of the control core, when a turn found nothing to do
constexpr int kLinkMilliseconds = 10000;  // a NIC takes a few seconds to find its speed
constexpr int kLinkPollMilliseconds = 50;
constexpr Duration kStatusInterval = Duration::seconds(5);

/// A secret that nobody outside can know.
Result<Secret> draw_secret() {
    Secret secret;
    if (getrandom(secret.data(), sizeof secret, 0) != sizeof secret)
        return Error{"the kernel gives no random numbers, without which flows can be guessed"};
    return secret;
}

/// While there is no log yet: what cannot be given up is kept, and said.
void give_up_early(const config::Config& config, Status (*give_up)()) {
    if (!config.confine)
        return;
    if (Status status = give_up(); !status)
        std::fprintf(stderr, "sluice: %s\n", status.error().message.c_str());
}

constexpr const char* kForwardsWithout =
    "; should the kernel forward, and lose an address there, it forwards what is for it";

/// What of it matters to speed.
Machine machine_of(const config::Config& config, Platform& platform) {
    Machine machine = read_machine("/", platform.cores());
    machine.no_huge = config.no_huge;
    Ports& ports = platform.ports();
    for (size_t i = 0; i < ports.size(); ++i) {
        const ethdev::PortPlan& plan = ports.plans()[i];
        io::SoftwareWork software = ports[i].software_work();
        software.checksums &= config.verify_checksum == config::VerifyChecksum::Auto;
        machine.ports.push_back(
            {plan.flag, plan.name.text, plan.numa_node, ports[i].rx_queues(), software});
    }
    return machine;
}

/// Where there are such ports.
const char* steering_text(config::SteerReplies choice) {
    return choice == config::SteerReplies::Always
               ? "ports are chosen by which replies arrive at their worker"
               : "a flow that cannot keep its port gets one by which replies arrive at its worker; "
                 "--steer-replies always is for all flows";
}

std::string room_text(const flow::FlowTable& table) {
    return "room for " + std::to_string(table.capacity()) + " flows at " +
           std::to_string(table.bytes() / table.capacity()) + " bytes a flow";
}

/// What the service manager is told.
std::string status_text(gateway::Gateway& gateway, bool all_turn) {
    const flow::FlowTable& table = gateway.table();
    return std::string(all_turn ? duty_text(gateway) : "a worker stands still") + "; " +
           std::to_string(table.size()) + " of " + std::to_string(table.capacity()) + " flows";
}

}  // namespace

Daemon::Daemon(const config::Config& config, std::unique_ptr<Platform> platform,
               std::unique_ptr<LogWriter> log)
    : config_(config),
      platform_(std::move(platform)),
      log_(std::move(log)),
      heartbeats_(config.workers),
      watch_(heartbeats_, clock_.now(), [this](const std::string& sentence) { print(sentence); }),
      clustering_(config_),
      notifier_(read_notify_settings(getpid())) {}

Daemon::~Daemon() {
    ethdev::redirect_driver_log({});
}

Result<std::unique_ptr<Daemon>> Daemon::start(const config::Sources& sources,
                                              const config::Config& config) {
    listing::permit_rest();  // while there are privileges; without, a kill takes longer
    give_up_early(config, forbid_new_privileges);
    std::vector<unsigned> cpus = allowed_cpus();  // before EAL binds this thread
    auto platform = Platform::start(config);
    if (!platform)
        return platform.error();
    give_up_early(config, filter_process);
    LogWriterParams log_params;
    log_params.background.cpus = (*platform)->cores().listing;
    log_params.background.on_entry = [&config] { give_up_early(config, confine_background); };
    auto log = LogWriter::start(log_params);
    if (!log)
        return log.error();
    std::unique_ptr<Daemon> daemon(new Daemon(config, std::move(*platform), std::move(*log)));
    ethdev::redirect_driver_log(
        [log = daemon->log_.get()](std::string_view text) { log->write(text); });
    if (Status status = daemon->build(sources, std::move(cpus)); !status)
        return status.error();
    return daemon;
}

Status Daemon::build(const config::Sources& sources, std::vector<unsigned> allowed_cpus) {
    const auto secret = draw_secret();
    if (!secret)
        return secret.error();
    std::string warning;
    Ports& ports = platform_->ports();
    gateway::Ground ground;
    const auto warn = [&](std::string_view text) { warning = text; };
    if (Status status = choose_keys(config_, ground, warn); !status)
        return status;
    for (size_t i = 0; i < ports.size(); ++i)
        ground.ports.push_back(&ports[i]);
    ground.packets = ports.packets();
    ground.numa_node = ports[0].numa_node();
    ground.secret = secret.value();
    ground.notice = [this](const std::string& sentence) { print(sentence); };
    ground.listeners = [this](std::vector<io::Listener>& found) { return listeners_.read(found); };
    for (const auto open : {&Daemon::open_taps, &Daemon::open_state})
        if (Status status = (this->*open)(ground); !status)
            return status;
    ground.clock = clock_;
    clustering_.lend(ground);
    auto gateway = gateway::Gateway::create(config_, ground);
    if (!gateway)
        return gateway.error();
    gateway_ = std::move(*gateway);
    // Nobody who reads the configuration again is to wait for them: they do not turn yet.
    for (unsigned i = 0; i < gateway_->workers(); ++i)
        gateway_->worker(i).rest();
    gateway_->control().rest();

    links_ = std::make_unique<LinkWatch>(
        ports, ground.notice, [this] { gateway_->control().link_came(clock_.now()); },
        LostPorts(config_.on_lost_port, sides_of(config_)));
    make_flow_logs();
    ReloaderParams reload{*gateway_,
                          *flow_logs_,
                          sources,
                          config_,
                          std::move(allowed_cpus),
                          [this] { return clock_.now(); },
                          ground.notice,
                          {}};
    reload.background.cpus = platform_->cores().listing;
    reload.background.idle_class = false;  // it is short, and an operator waits for it
    reload.background.on_entry = [this] { confine(confine_reload); };
    auto reloader = Reloader::start(std::move(reload));
    if (!reloader)
        return reloader.error();
    reloader_ = std::move(*reloader);
    say_state();

    for (const auto begin : {&Daemon::start_flow_logs, &Daemon::join_pair, &Daemon::serve})
        if (Status status = (this->*begin)(); !status)
            return status;
    if (!warning.empty())
        print(warning);
    confine(drop_capabilities);
    return Done{};
}

/// Where there are other gateways: one of a pair, or those of a cluster.
Status Daemon::join_pair() {
    auto pair = start_pair({config_, *gateway_, platform_->cores().listing,
                            [this] { confine(confine_pair); }, [this] { return clock_.now(); },
                            [this](const std::string& sentence) { print(sentence); }});
    if (!pair)
        return pair.error();
    pair_ = std::move(*pair);
    return clustering_.start({config_, *gateway_, [this] { return clock_.now(); },
                              platform_->cores().listing, [this] { confine(confine_pair); },
                              [this](const std::string& sentence) { print(sentence); }});
}

/// Where flows outlive the process, the clock goes on too.
Status Daemon::open_state(gateway::Ground& ground) {
    if (config_.state.file.empty())
        return Done{};
    auto file =
        state::StateFile::open({config_.state.file, gateway::state_shape(config_), ground.numa_node,
                                config_.state.mismatch == config::StateMismatch::Refuse});
    if (!file)
        return file.error();
    state_ = std::move(*file);
    clock_ = state_->clock();
    watch_.begin(clock_.now());
    const state::StateFile::Found& found = state_->found();
    ground.inheritance = {state_->records(), state_->numbers(), state_->peers(),
                          found.has_records, clock_.now(),      found.without_room};
    return Done{};
}

/// What has become of the flows of the process before.
void Daemon::say_state() {
    if (!state_)
        return;
    for (const std::string& sentence : state_text(state_->found(), gateway_->restored()))
        print("--state " + config_.state.file + ": " + sentence);
    if (gateway_->restored().without_ground > 0 && config_.on_reload == config::OnReload::Drain)
        reloader_->drain();
}

/// Makes the kernel's twins of interfaces, which have what these have.
Status Daemon::open_taps(gateway::Ground& ground) {
    const auto interfaces = gateway::interfaces_of(config_, ground.ports);
    if (!interfaces)
        return interfaces.error();
    for (const config::NamedTwin& twin : config::twins_of(config_)) {
        const link::Interface& interface =
            (*interfaces)[static_cast<link::InterfaceId>(twin.interface)];
        auto tap = kernel::Tap::create({twin.name, interface.mac, interface.mtu, interface.own});
        if (!tap)
            return config::wrong(twin.flag, twin.value, tap.error().message);
        if (const std::string& warning = (*tap)->warning(); !warning.empty())
            print(twin.name + ": " + warning + kForwardsWithout);
        ground.taps.push_back(tap->get());
        taps_.push_back(std::move(*tap));
    }
    return Done{};
}

/// Makes room for logs of translations, of which there are none yet.
void Daemon::make_flow_logs() {
    flowlog::FlowLogsParams params;
    params.told = {.block_size = config_.holders.blocks.size,
                   .by_rule = &gateway_->policies().logged(),
                   .naming = gateway_->naming()};
    params.background.cpus = platform_->cores().listing;
    params.on_entry = [this](config::Transport transport) {
        confine(transport == config::Transport::File ? confine_file_log : confine_flow_log);
    };
    params.notice = [this](const std::string& sentence) { print(sentence); };
    params.is_own = own_moments(*gateway_);
    flow_logs_ =
        std::make_unique<flowlog::FlowLogs>(gateway_->table().journal(), std::move(params));
}

/// Where there are collectors.
Status Daemon::start_flow_logs() {
    return flow_logs_->change(config_.flow_logs);
}

/// Opens the control socket.
Status Daemon::serve() {
    command::ServerParams params;
    params.path = config_.control_socket;
    if (!config_.control_group.empty()) {
        const auto group = command::find_group(config_.control_group);
        if (!group)
            return group.error();
        params.group = group.value();
    }
    if (config_.http)
        params.http = command::TcpAddress{config_.http->address, config_.http->port};
    params.background.cpus = platform_->cores().listing;
    params.background.idle_class = listing::permit_rest();
    params.background.nice = 10;  // a tenth of what others get
    params.background.on_entry = [this] { confine(confine_background); };
    auto server = command::Server::start(
        params, with_cluster(with_ipv6(subject(), gateway_->naming()), clustering_));
    if (!server)
        return server.error();
    server_ = std::move(*server);
    return Done{};
}

command::Subject Daemon::subject() {
    std::vector<const stats::Counters*> workers;
    for (unsigned i = 0; i < gateway_->workers(); ++i)
        workers.push_back(&gateway_->worker(i).counters());
    return {gateway_->table(),
            gateway_->hosts(),
            gateway_->watches(),
            std::move(workers),
            [this] { return snapshot(); },
            [this] { return clock_.now(); },
            gateway_->operator_counters(),
            kVersion,
            [this](Be32 address) { return gateway_->ports_of(address); },
            [this] { return pool_addresses(*gateway_, *gateway_->policies().current()); },
            [this] { return port_reports(platform_->ports()); },
            [this] { return uplink_reports(*gateway_, *gateway_->policies().current()); },
            [this] { return pair_report(*gateway_); },
            [this](bool is_active) { return set_active(*gateway_, is_active); },
            [this](bool dry_run) { return reloader_->reload(dry_run); },
            [this] { return reloader_->lines(); },
            [this] { return reloader_->rules(); },
            [this] { return gateway::names_of(gateway_->interfaces()); },
            [this](const why::Question& question) { return reloader_->ask(question); },
            [this](const listing::PublicEndpoint& endpoint) { return reloader_->given(endpoint); },
            [this] { return watch_.standstill(clock_.now()); },
            [this](const std::string& sentence) { handed_in_.put(sentence); },
            [this] { return notices_.all(); },
            rte_get_tsc_hz(),
            gateway_->totals(),
            [this] { return gateway_->policies().waiting(); }};
}

stats::Snapshot Daemon::snapshot() const {
    stats::Snapshot snapshot = gateway_->snapshot();
    snapshot.count[stats::Count::LogLinesLost] = log_->lost();
    snapshot.count[stats::Count::LogRecordsSent] += flow_logs_->sent();
    snapshot.count[stats::Count::LogRecordsLost] += flow_logs_->lost();
    return snapshot;
}

void Daemon::print(std::string_view sentence) {
    log_->write_line("sluice", sentence);
    if_memory_allows([&] { notices_.add(std::string(sentence)); });
}

void Daemon::confine(Status (*give_up)()) {
    if (!config_.confine)
        return;
    if (Status status = give_up(); !status)
        print(status.error().message);
}

/// Waits until the NICs have found their links; false when told to stop meanwhile.
bool Daemon::wait_for_links(Signals& signals) {
    for (int waited = 0; !platform_->ports().are_links_up(); waited += kLinkPollMilliseconds) {
        if (waited >= kLinkMilliseconds)
            return true;
        const Signal signal = signals.wait(kLinkPollMilliseconds);
        if (signal == Signal::Stop)
            return false;
        if (signal == Signal::Reload)
            reload();
    }
    return true;
}

ExitCode Daemon::run(Signals& signals) {
    print(room_text(gateway_->table()));
    for (const std::string& warning : platform_->ports().warnings())
        print(warning);
    for (const std::string& sentence : advise(machine_of(config_, *platform_)))
        print("for speed: " + sentence);
    if (gateway_->steers_replies())
        print(steering_text(config_.steer_replies));
    if (!wait_for_links(signals)) {
        if (state_)
            state_->stop();
        return ExitCode::Stopped;
    }
    links_->start(clock_.now());
    launch_workers();
    return forward(signals);
}

/// From when the workers run until they have ended: an exception that left it would take apart what
/// they use.
ExitCode Daemon::forward(Signals& signals) noexcept {
    print("ready");
    notifier_.ready();
    const ExitCode code = control(signals);
    notifier_.stopping();
    clustering_.leave(gateway_->control());

    // relaxed: the workers' loops end some time after; waiting for their lcores orders all else.
    stop_.store(true, std::memory_order_relaxed);
    rte_eal_mp_wait_lcore();
    gateway_->drain();
    if (state_)
        state_->stop();
    flow_logs_->stop();
    print_summary("stopped");
    gateway_->control().rest();  // it was a member for the summary
    return code;
}

void Daemon::launch_workers() {
    jobs_.reserve(gateway_->workers());
    for (unsigned i = 0; i < gateway_->workers(); ++i) {
        jobs_.push_back({this, i});
        rte_eal_remote_launch(work, &jobs_.back(), i + 1);  // lcore 0 is the control core
    }
}

int Daemon::work(void* argument) {
    const Job& job = *static_cast<const Job*>(argument);
    Daemon& daemon = *job.daemon;
    daemon.confine(confine_worker);
    const auto idle = daemon.platform_->cores().idle == config::Idle::Busy ? worker::Idle::Busy
                                                                           : worker::Idle::Sleep;
    worker::run(daemon.gateway_->worker(job.worker), daemon.heartbeats_[job.worker],
                {daemon.clock_, idle, daemon.stop_});
    return 0;
}

/// The control core's loop: it rests for a millisecond when there is nothing to do.
ExitCode Daemon::control(Signals& signals) {
    control::Core& core = gateway_->control();
    const policy::Current& policy = gateway_->policies().in_force();
    Tick now = clock_.now();
    Tick last_summary = now;
    Tick status_due = now;
    core.resume();
    core.start(now);
    for (Signal signal = Signal::None; signal != Signal::Stop;) {
        now = clock_.now();
        const bool found_work = core.turn(now) != 0;
        if (state_)
            state_->touch();
        bool goes_on = true;
        if_memory_allows([&] { goes_on = links_->turn(now); });  // else somebody is told less
        if (!goes_on) {
            Signals::limit_end();
            return ExitCode::NotReady;
        }
        for (const std::string& sentence : handed_in_.take())
            print(sentence);
        bool all_turn = false;
        if_memory_allows([&] { all_turn = watch_.look(now); });
        if (all_turn)
            notifier_.feed(now);
        const bool is_status_due = !status_due.is_after(now);
        if (is_status_due)
            if_memory_allows([&] { notifier_.status(status_text(*gateway_, all_turn)); });
        if (is_status_due)
            status_due = now + kStatusInterval;
        const Duration interval = policy->stats_interval;
        const bool is_due = !(last_summary + interval).is_after(now);
        if (is_due && interval != Duration{})
            if_memory_allows([&] { print_summary("running"); });
        last_summary = is_due ? now : last_summary;
        core.rest();
        signal = signals.wait(found_work ? 0 : kRestMilliseconds);
        core.resume();
        if (signal == Signal::Reload)
            reload();
    }
    return ExitCode::Stopped;
}

void Daemon::reload() {
    print("SIGHUP: the configuration is read again");
    reloader_->request();
}

void Daemon::print_summary(const char* occasion) {
    log_->write(
        "sluice: " + std::string(occasion) + '\n' +
        command::stats_table(within_turn(subject(), *gateway_), command::DropRows::NonZero));
}

}  // namespace sluice::app
