// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/args.h"

#include "sluice/version.h"
#include "sluicectl/past_holds.h"
#include "sluicectl/requests.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <utility>

namespace sluicectl {
namespace {

constexpr int kUsage = 2;

/// The words of a FlowFilter.
void add_filters(CLI::App& command, Words& words) {
    const std::pair<const char*, const char*> filters[] = {
        {"src", "Source address or prefix, of the original direction"},
        {"dst", "Destination address or prefix, of the original direction"},
        {"sport", "Source port, of the original direction; TCP and UDP"},
        {"dport", "Destination port, of the original direction; TCP and UDP"},
        {"proto", "Protocol: tcp, udp, icmp, gre, sctp, udplite or a number"},
        {"state", "TCP state, such as ESTABLISHED"},
        {"zone", "Zone of an inside host, 0 to 4095"},
        {"kind", "flow, mapping or contact; without it all three"},
    };
    for (const auto& [name, help] : filters)
        command
            .add_option_function<std::string>(
                "--" + std::string(name),
                [&words, key = std::string(name)](const std::string& value) {
                    words.filters[key] = value;
                },
                help)
            ->group("Which flows (all that is given must hold)");
}

CLI::App* add_flows(CLI::App& app, Words& words) {
    CLI::App* flows =
        app.add_subcommand("flows", "List flows as `conntrack -L` does; or count or delete them");
    add_filters(*flows, words);
    CLI::Option* count = flows->add_flag("--count", words.count, "Print how many there are");
    CLI::Option* remove =
        flows->add_flag("--delete", words.remove, "Delete them, and print how many");
    flows->add_flag("--all", words.all_flows, "With --delete: every flow")->needs(remove);
    flows->add_flag("--json", words.json, "Print JSON: an array, one flow on each line");
    count->excludes(remove);
    return flows;
}

CLI::App* add_events(CLI::App& app, Words& words) {
    CLI::App* events = app.add_subcommand(
        "events", "Print what happens to flows as `conntrack -E` does, until it is interrupted");
    add_filters(*events, words);
    CLI::Option* timestamps =
        events->add_flag("--timestamps", words.timestamps, "Print the time before each event");
    events
        ->add_flag("--json", words.json, "Print one JSON object on each line; blocks of ports too")
        ->excludes(timestamps);
    events
        ->add_option("-o,--output", words.output_words,
                     "As conntrack has it: timestamp, extended (IPv4 or IPv6), id, separated by "
                     "commas; or json")
        ->delimiter(',')
        ->check(CLI::IsMember({"timestamp", "extended", "id", "json"}));
    return events;
}

/// --drops, with a reason or alone.
CLI::Option* add_drops(CLI::App& command, Words& words) {
    return command
        .add_option_function<std::string>(
            "--drops",
            [&words](const std::string& reason) {
                words.packets["drops"] = reason.empty() ? "1" : reason;
            },
            "Only packets that are dropped, for this reason or for any")
        ->expected(0, 1)
        ->type_name("[REASON]");
}

void add_word(CLI::App& command, Words& words, const char* flags, const char* name,
              const char* help) {
    command.add_option_function<std::string>(
        flags, [&words, name](const std::string& value) { words.packets[name] = value; }, help);
}

CLI::App* add_capture(CLI::App& app, Words& words) {
    CLI::App* capture = app.add_subcommand(
        "capture", "Write packets as a pcapng file, each with what became of it as a comment");
    add_filters(*capture, words);
    CLI::Option* drops = add_drops(*capture, words);
    CLI::Option* in =
        capture->add_flag("--in", words.coming, "Packets as they come in, which is the default");
    CLI::Option* out = capture->add_flag("--out", words.leaving, "Packets as they leave");
    CLI::Option* both = capture->add_flag("--both", words.both, "Both of it");
    in->excludes(out)->excludes(both)->excludes(drops);
    out->excludes(both)->excludes(drops);
    both->excludes(drops);
    capture->add_option("-w,--write", words.output, "The file; default: the standard output");
    add_word(*capture, words, "-c,--count", "count", "End after so many packets");
    add_word(*capture, words, "--seconds", "seconds", "End after so many seconds");
    add_word(*capture, words, "-s,--snaplen", "snaplen", "Bytes of each frame; default: all");
    return capture;
}

CLI::App* add_trace(CLI::App& app, Words& words) {
    CLI::App* trace = app.add_subcommand(
        "trace", "Print the way of each packet through the gateway, until it is interrupted");
    add_filters(*trace, words);
    add_drops(*trace, words);
    add_word(*trace, words, "--from", "from",
             "Only packets that come in by it: inside, outside or an interface");
    add_word(*trace, words, "-c,--count", "count", "End after so many packets");
    add_word(*trace, words, "--seconds", "seconds", "End after so many seconds");
    return trace;
}

CLI::App* add_expectations(CLI::App& app, Words& words) {
    CLI::App* expectations = app.add_subcommand(
        "expectations", "List flows that --helper waits for, as conntrack -L expect prints them");
    expectations->add_flag("--json", words.json, "Print a JSON array");
    return expectations;
}

CLI::App* add_ipv6_hosts(CLI::App& app, Words& words) {
    CLI::App* hosts = app.add_subcommand(
        "ipv6-hosts", "List IPv6 hosts, each with the address that stands for it in rules");
    hosts->add_flag("--json", words.json, "Print a JSON array");
    return hosts;
}

CLI::App* add_why(CLI::App& app, Words& words) {
    CLI::App* why = app.add_subcommand(
        "why", "Say what would become of a packet now, stage by stage; nothing is changed by it");
    const auto add = [&](const char* flag, const char* name, const char* help) {
        return why->add_option_function<std::string>(
            flag, [&words, name](const std::string& value) { words.question[name] = value; }, help);
    };
    add("PROTO", "proto", "tcp, udp, icmp, gre, sctp, udplite or a number");
    add("SRC", "src",
        "Source address, with :PORT, [IPv6]:PORT; of an ICMP echo request :IDENTIFIER");
    add("DST", "dst", "Destination address, with :PORT; of an ICMP echo reply :IDENTIFIER");
    add("--flags", "flags", "TCP flags, such as S, SA, FA, R; default: S, or those that come next");
    add("--from", "from", "inside, outside or an interface; default: the way back to the source");
    add("--len", "len", "Bytes of the IP packet; default: its headers");
    add("--ttl", "ttl", "Default: 64");
    add("--seq", "seq", "TCP sequence number; default: the one that comes next in the flow");
    add("--ack", "ack", "TCP acknowledgment number; likewise");
    add("--window", "window", "TCP window as in the header; default: 65535");
    why->add_flag_callback(
        "--df", [&words] { words.question["df"] = "1"; }, "Don't fragment");
    CLI::Option* file =
        why->add_option("--pcap", words.packet_file,
                        "Ask about each packet of a pcap or pcapng file, a line for each");
    why->add_flag("--json", words.json, "Print a JSON object for each packet");
    CLI::Option* replay =
        why->add_flag("--replay", words.replay,
                      "With --pcap: what the trackers say of each packet by those before it, with "
                      "the timeouts and switches of the gateway, if it is there")
            ->needs(file);
    CLI::Option* config = why->add_option("--config", words.replay_config,
                                          "With --replay: those of this file, without a gateway");
    config->needs(replay);
    why->add_flag("--defaults", words.replay_defaults,
                  "With --replay: those that a gateway has by default, without one")
        ->needs(replay)
        ->excludes(config);
    return why;
}

/// A packet, or a file of them.
void check_why(const CLI::App& why, const Words& words) {
    const size_t named =
        words.question.count("proto") + words.question.count("src") + words.question.count("dst");
    const size_t others = words.question.size() - words.question.count("from");
    if (why.parsed() && (words.packet_file.empty() ? named != 3 : others != 0))
        throw CLI::ValidationError(words.packet_file.empty()
                                       ? "PROTO, SRC and DST are needed, or --pcap FILE"
                                       : "--pcap goes with --from and --json only");
}

CLI::App* add_who(CLI::App& app, Words& words) {
    CLI::App* who =
        app.add_subcommand("who", "Say which inside hosts have a public address and port now");
    who->add_option("ENDPOINT", words.endpoint,
                    "ADDRESS[:PORT][/PROTOCOL], such as 198.51.100.1:4000/tcp")
        ->required();
    CLI::Option* at = who->add_option(
        "--at", words.at,
        "Who had it then: 2026-01-31T12:00:00Z, or @SECONDS since 1970. Of who has it no more only "
        "a log tells");
    CLI::Option* log =
        who->add_option("--log", words.logs,
                        "A file of --log-flows json:, the oldest first, instead of the gateway; -: "
                        "from stdin");
    log->needs(at);
    who->add_flag("--json", words.json, "Print a JSON object");
    return who;
}

void check_who(const Words& words) {
    const sluice::Result<int64_t> at = words.at.empty() ? 0 : parse_time(words.at);
    if (!at)
        throw CLI::ValidationError(at.error().message);
}

CLI::App* add_stats(CLI::App& app, Words& words) {
    CLI::App* stats =
        app.add_subcommand("stats", "Print what became of packets, and how many flows there are");
    CLI::Option* all = stats->add_flag("--all", words.all_drops, "Also drop reasons at zero");
    stats->add_flag("--json", words.json, "Print one JSON object, with every counter")
        ->excludes(all);
    return stats;
}

CLI::App* add_hosts(CLI::App& app, Words& words) {
    CLI::App* hosts = app.add_subcommand("hosts", "List the inside hosts that use the most");
    hosts->add_option("--top", words.top, "How many, up to 10000; default: 20");
    hosts
        ->add_option("--by", words.by,
                     "Sort by flows, ports, rate or, with --accounting, bytes; default: flows")
        ->check(CLI::IsMember({"flows", "ports", "rate", "bytes"}));
    hosts->add_flag("--json", words.json, "Print a JSON array");
    return hosts;
}

CLI::App* add_ports(CLI::App& app, Words& words) {
    CLI::App* ports =
        app.add_subcommand("ports", "List where public addresses have the fewest ports left");
    ports->add_option("--top", words.top, "How many, up to 10000; default: 20");
    ports->add_flag("--json", words.json, "Print a JSON array");
    return ports;
}

CLI::App* add_top(CLI::App& app, Words& words) {
    constexpr unsigned kLongest = 3600;
    CLI::App* top = app.add_subcommand(
        "top", "Show packets, flows, drops, hosts and ports, again and again, until q is pressed");
    top->add_flag("--once", words.once, "Print them once as text; no terminal is needed");
    top->add_option("--interval", words.interval, "Seconds between readings; default: 1")
        ->check(CLI::Range(1U, kLongest));
    return top;
}

/// Seconds, or so many m, h or d.
CLI::AsNumberWithUnit duration() {
    const std::map<std::string, unsigned> units{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    return CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_OPTIONAL, "DURATION");
}

CLI::App* add_history(CLI::App& app, Words& words) {
    CLI::App* history = app.add_subcommand(
        "history", "Print what there was in a second, step by step, of the last day at most");
    history
        ->add_option("WHAT", words.group,
                     "packets, flows, drops, workers, load, ports or interfaces")
        ->check(
            CLI::IsMember({"packets", "flows", "drops", "workers", "load", "ports", "interfaces"}))
        ->capture_default_str();
    history->add_option("--since", words.since, "So long ago: 90s, 30m, 2h, 1d; default: 1h")
        ->transform(duration());
    history->add_option("--step", words.step, "In steps so long; default: some 360 in all")
        ->transform(duration());
    history->add_flag("--json", words.json, "Print a JSON object: columns, and rows");
    return history;
}

CLI::App* add_rules(CLI::App& app, Words& words) {
    CLI::App* rules =
        app.add_subcommand("rules", "List the rules that refuse flows, and what each has refused");
    rules->add_flag("--json", words.json, "Print a JSON array");
    return rules;
}

CLI::App* add_reload(CLI::App& app, Words& words) {
    CLI::App* reload = app.add_subcommand(
        "reload", "Let the gateway read its --config again, and tell what changed");
    reload->add_flag("--dry-run", words.dry_run, "Tell what would change, and change nothing");
    reload->add_flag("--json", words.json, "Print JSON");
    return reload;
}

CLI::App* add_role(CLI::App& app, Words& words) {
    CLI::App* role = app.add_subcommand(
        "role", "Print which of a pair the gateway is; or make it that, and print it then");
    role->add_option("ROLE", words.role, "active or standby")
        ->check(CLI::IsMember({"active", "standby"}));
    role->add_flag("--json", words.json, "Print a JSON object");
    return role;
}

CLI::App* add_cluster(CLI::App& app, Words& words) {
    CLI::App* cluster =
        app.add_subcommand("cluster", "Print which gateway of a cluster has which public address");
    cluster->add_flag("--json", words.json, "Print a JSON object");
    return cluster;
}

CLI::App* add_config(CLI::App& app) {
    CLI::App* config = app.add_subcommand("config", "Look at a configuration");
    config->require_subcommand(1);
    return config;
}

CLI::App* add_config_check(CLI::App& config, Words& words) {
    CLI::App* check = config.add_subcommand(
        "check",
        "Say what is wrong with a file, without a gateway; it must hold all that is needed");
    check->add_option("FILE", words.file, "As for sluice --config")->required();
    return check;
}

/// Deletes are refused here too, before anything is sent.
void check_delete(const Words& words) {
    if (!words.remove || words.all_flows == words.filters.empty())
        return;
    throw CLI::ValidationError(words.all_flows
                                   ? "--all does not go with a filter: say the one or the other"
                                   : "--delete needs a filter, or --all to delete every flow");
}

/// A subcommand, and what is asked by it.
struct Command {
    const CLI::App* command;
    std::function<Request(const Words& words)> request_of;
};

/// That which is behind the path, whatever the words are.
std::function<Request(const Words& words)> to(const char* path) {
    return [path](const Words& words) { return Request{.socket = words.socket, .path = path}; };
}

std::vector<Command> add_commands(CLI::App& app, Words& words) {
    std::vector<Command> commands{
        {add_flows(app, words), flows_request},
        {add_expectations(app, words), to("/v1/expectations")},
        {add_ipv6_hosts(app, words), to("/v1/ipv6-hosts")},
        {add_events(app, words), events_request},
        {add_capture(app, words), capture_request},
        {add_trace(app, words), [](const Words& w) { return packets_request(w, "/v1/trace"); }},
        {add_hosts(app, words), [](const Words& w) { return top_request(w, "/v1/hosts"); }},
        {add_ports(app, words), [](const Words& w) { return top_request(w, "/v1/ports"); }},
        {add_why(app, words), why_request},
        {add_who(app, words), who_request},
        {add_top(app, words), top_view},
        {add_stats(app, words), stats_request},
        {add_history(app, words), history_request},
        {add_rules(app, words), to("/v1/rules")},
        {add_reload(app, words), reload_request},
        {add_role(app, words), role_request},
        {add_cluster(app, words), to("/v1/cluster")},
    };
    CLI::App* config = add_config(app);
    commands.push_back(
        {config->add_subcommand("show", "Print the one that holds, as a file"), to("/v1/config")});
    commands.push_back(
        {add_config_check(*config, words), [](const Words& w) { return Request{.file = w.file}; }});
    return commands;
}

/// Says what is wrong, or what was asked for; returns how to end.
int tell(const CLI::App& app, const CLI::ParseError& error) {
    // A word that is no subcommand leaves one to be wanted still.
    const std::vector<std::string> rest = app.remaining(true);
    if (!rest.empty() && std::string_view(error.what()).starts_with("A subcommand")) {
        std::fprintf(stderr, "sluicectl: %s: there is no such subcommand; see sluicectl --help\n",
                     rest.front().c_str());
        return kUsage;
    }
    return app.exit(error) == 0 ? EXIT_SUCCESS : kUsage;
}

}  // namespace

Request parse_args(int argc, char** argv) {
    Words words;
    CLI::App app("sluicectl: see and change what a running sluice does", "sluicectl");
    app.footer("Exit status: 0 done, 1 the gateway refused or cannot be reached, 2 wrong usage.");
    app.set_version_flag("--version", std::string("sluicectl ") + sluice::app::kVersion);
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("-s,--control-socket,--socket", words.socket, "The gateway's --control-socket")
        ->capture_default_str();
    const std::vector<Command> commands = add_commands(app, words);
    try {
        app.parse(argc, argv);
        check_delete(words);
        check_why(*app.get_subcommand("why"), words);
        check_who(words);
    } catch (const CLI::ParseError& error) {
        std::exit(tell(app, error));
    }
    const auto asked = std::find_if(commands.begin(), commands.end(), [](const Command& command) {
        return command.command->parsed();
    });
    Request request = asked->request_of(words);
    if (words.json)
        request.query.emplace("format", "json");
    return request;
}

}  // namespace sluicectl
