// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/reloader.h"

#include "base/if_memory_allows.h"
#include "config/nptv6.h"
#include "config/read_match.h"
#include "gateway/given.h"
#include "gateway/policy_fingerprint.h"
#include "gateway/rules.h"
#include "sluice/clustering.h"
#include "sluice/pairing.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <poll.h>
#include <set>
#include <string_view>
#include <sys/eventfd.h>
#include <system_error>
#include <type_traits>
#include <unistd.h>
#include <utility>

namespace sluice::app {
namespace {

using Clock = gateway::Draining::Clock;
using config::Line;
using std::string;

/// Who may ask at the control socket need not know it.
constexpr std::string_view kSecret = "address-key";

string flows(uint64_t count) {
    return std::to_string(count) + (count == 1 ? " flow" : " flows");
}

/// "- snat = …    12 flows", aligned; without a number where the line is about all of them.
string table_of(const config::Difference& difference, const gateway::Census& census) {
    constexpr size_t kWidest = 72;
    std::vector<std::pair<string, string>> rows;
    const auto add = [&](const char* sign, const std::vector<Line>& lines,
                         const std::vector<uint64_t>& counts) {
        for (size_t i = 0; i < lines.size(); ++i)
            rows.push_back(
                {sign + to_string(lines[i]), gateway::count_text(lines[i].flag, counts[i])});
    };
    add("- ", difference.gone, census.gone);
    add("+ ", difference.come, census.come);
    size_t width = 0;
    for (const auto& [text, count] : rows)
        width = std::max(width, std::min(text.size(), kWidest));
    string table;
    for (auto& [text, count] : rows) {
        if (!count.empty())
            text.resize(std::max(text.size(), width) + 2, ' ');
        table += text + count + '\n';
    }
    return table;
}

/// The flags that would want another start; empty where there are none.
string unchangeable(const config::Difference& difference) {
    std::set<string> names;
    for (const auto* lines : {&difference.gone, &difference.come})
        for (const Line& line : *lines)
            if (!config::is_changeable(line.flag))
                names.insert("--" + line.flag);
    string text;
    for (const string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

}  // namespace

/// A policy that has been compiled: discarded unless it is used.
class Reloader::Unused {
public:
    Unused(gateway::Policies& policies, gateway::Policies::Pointer policy)
        : policies_(policies), policy_(std::move(policy)) {}
    ~Unused() {
        if (policy_ != nullptr)
            policies_.discard(std::move(policy_));
    }
    Unused(const Unused&) = delete;

    const gateway::Policies::Pointer& policy() const { return policy_; }
    gateway::Policies::Pointer take() { return std::exchange(policy_, nullptr); }

private:
    gateway::Policies& policies_;
    gateway::Policies::Pointer policy_;
};

Result<std::unique_ptr<Reloader>> Reloader::start(ReloaderParams params) {
    Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake)
        return Error{string("the configuration could not be read again: eventfd: ") +
                     std::strerror(errno)};
    std::unique_ptr<Reloader> reloader(new Reloader(std::move(params), std::move(wake)));
    try {
        reloader->thread_ = std::thread([self = reloader.get()] { self->work(); });
    } catch (const std::system_error& error) {
        return Error{string("the thread that reads the configuration again cannot be started: ") +
                     error.what()};
    }
    return reloader;
}

Reloader::Reloader(ReloaderParams params, Descriptor wake)
    : params_(std::move(params)),
      wake_(std::move(wake)),
      written_(write_down(params_.gateway.policies().current(), params_.sources, params_.config)) {}

Reloader::~Reloader() {
    stop_ = true;
    wake();
    if (thread_.joinable())
        thread_.join();
}

void Reloader::request() {
    is_requested_ = true;
    wake();
}

void Reloader::drain() {
    {
        const std::lock_guard lock(mutex_);
        draining_.begin(params_.gateway.policies().current(), Clock::now(),
                        std::chrono::seconds(params_.config.drain_time));
    }
    wake();
}

void Reloader::wake() {
    const uint64_t one = 1;
    // A full counter has woken the thread already.
    [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

void Reloader::work() {
    params_.background.enter();
    while (true) {
        pollfd wake{wake_.get(), POLLIN, 0};
        poll(&wake, 1, patience());
        uint64_t count = 0;
        [[maybe_unused]] const ssize_t taken = read(wake_.get(), &count, sizeof count);
        if (stop_)
            return;
        lacked_memory_ = !if_memory_allows([this] { turn(); });
    }
}

/// What there is no memory for is left to the next turn, but for a reload, which is refused.
void Reloader::turn() {
    carry_out_orders();
    if (is_requested_.exchange(false)) {
        const Result<string> outcome = do_reload(false);
        if (!outcome)
            params_.print("reload: nothing was changed: " + outcome.error().message);
    }
    end_drained();
    free_policies();
    logs_end_ = params_.flow_logs.reap();
}

/// Milliseconds; less than 0 for as long as nobody wakes the thread.
int Reloader::patience() {
    constexpr int kLook = 10000;      // so often, where there is something to look after
    constexpr int kLookAtLogs = 100;  // they end within a second or so
    constexpr int kBreath = 100;      // before it is tried again what there was no memory for
    if (lacked_memory_)
        return kBreath;
    const std::lock_guard lock(mutex_);
    const auto due = draining_.due();
    if (!due && !logs_end_)
        return params_.gateway.policies().waiting() == 0 ? -1 : kLook;
    const int longest = logs_end_ ? kLookAtLogs : kLook;
    if (!due)
        return longest;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Clock::now());
    return static_cast<int>(std::clamp<int64_t>(left.count(), 0, longest));
}

void Reloader::carry_out_orders() {
    std::vector<Order> orders;
    {
        const std::lock_guard lock(orders_mutex_);
        orders.swap(orders_);
    }
    for (Order& order : orders)
        order.outcome.set_value(do_reload(order.dry_run));
}

Result<string> Reloader::reload(bool dry_run) {
    std::future<Result<string>> outcome;
    {
        const std::lock_guard lock(orders_mutex_);
        outcome = orders_.emplace_back(Order{dry_run}).outcome.get_future();
    }
    wake();
    return outcome.get();
}

Result<string> Reloader::do_reload(bool dry_run) {
    const std::lock_guard lock(mutex_);
    try {
        return reload_locked(dry_run);
    } catch (const std::bad_alloc&) {
        return Error{"out of memory"};  // so short that it needs none itself
    }
}

string Reloader::lines() {
    const std::lock_guard lock(mutex_);
    string text;
    for (const Line& line : config::lines_of(params_.sources, params_.config))
        text += line.flag == kSecret ? "# address-key is given, and not shown\n"
                                     : to_string(line) + '\n';
    return text;
}

std::shared_ptr<const Reloader::Written> Reloader::write_down(
    const gateway::Policies::Pointer& policy, const config::Sources& sources,
    const config::Config& config) {
    return std::make_shared<const Written>(
        Written{policy, config::deny_places(sources, config), config::rule_lines(config),
                config::rule_places(sources, config), config.forwards});
}

void Reloader::keep(std::shared_ptr<const Written> written) {
    const std::lock_guard lock(rules_mutex_);
    written_.swap(written);
}

std::shared_ptr<const Reloader::Written> Reloader::written() const {
    const std::lock_guard lock(rules_mutex_);
    return written_;
}

why::Answer Reloader::ask(const why::Question& question) const {
    const auto written = this->written();
    const policy::RuleSet& rules = written->policy->rules;
    why::Answer answer = params_.gateway.ask(question, *written->policy, params_.now());
    if (answer.rule)
        answer.rule_written = {to_string(written->rules[*answer.rule]),
                               written->rule_places[*answer.rule]};
    if (answer.admitted && answer.admitted->denial != policy::kNone) {
        const uint32_t denial = answer.admitted->denial;
        answer.denial_written = {
            to_string(Line{"deny", config::to_string(rules.denials().matches()[denial])}),
            written->deny_places[denial]};
    }
    if (answer.pool)
        answer.pool_name = gateway::name_of(rules.params_of(*answer.pool));
    return answer;
}

listing::Given Reloader::given(const listing::PublicEndpoint& endpoint) const {
    const auto written = this->written();
    return gateway::given(*written->policy, written->forwards, endpoint);
}

/// Of two equal rules the first alone refuses anything.
std::vector<command::RuleReport> Reloader::rules() const {
    const auto written = this->written();
    const policy::Denials& denials = written->policy->rules.denials();
    std::vector<command::RuleReport> reports;
    std::set<string> known;
    for (size_t i = 0; i < denials.matches().size(); ++i)
        if (string text = config::to_string(denials.matches()[i]); known.insert(text).second)
            reports.push_back(
                {"deny", std::move(text), written->deny_places[i], denials.packets(i)});
    return reports;
}

Result<Reloader::Candidate> Reloader::read_again() const {
    auto sources = params_.sources.read_again();
    if (!sources)
        return sources.error();
    auto config = sources->load();
    if (!config)
        return config.error();
    if (Status status = sources->validate(*config, params_.allowed_cpus); !status)
        return status.error();
    config::Difference difference = config::difference(
        config::lines_of(params_.sources, params_.config), config::lines_of(*sources, *config));
    return Candidate{std::move(*sources), std::move(*config), std::move(difference)};
}

gateway::Census Reloader::count(const config::Difference& difference, const config::Config& after,
                                const policy::Policy& policy) const {
    const gateway::Policies::Pointer before = params_.gateway.policies().current();
    return gateway::count_touched(
        {params_.gateway.table(), params_.gateway.hosts(), params_.gateway.naming(), params_.now()},
        difference, {*before, config::rule_lines(params_.config)},
        {policy, config::rule_lines(after)});
}

Result<string> Reloader::reload_locked(bool dry_run) {
    if (!params_.sources.file())
        return Error{"there is no --config to read again"};
    Result<Candidate> candidate = read_again();
    if (!candidate)
        return candidate.error();
    if (candidate->difference.is_none())
        return string("nothing has changed\n");
    if (const string flags = unchangeable(candidate->difference); !flags.empty())
        return Error{flags + " cannot change while sluice runs: restart it, or take that back"};
    if (!(candidate->config.numbers == params_.config.numbers))
        return Error{
            "the IPv6 prefixes and hosts that are named have numbers since the start: "
            "restart sluice, or name the same ones"};
    if (!config::have_same_ipv6_routes(candidate->config, params_.config))
        return Error{
            "with --nptv6 the --route of IPv6 prefixes are those of the start: restart sluice, or "
            "take that back"};
    if (Status status = refuse_change(params_.config, candidate->config); !status)
        return status.error();
    auto compiled = params_.gateway.policies().compile(candidate->config);
    if (!compiled)
        return compiled.error();
    Unused policy(params_.gateway.policies(), std::move(*compiled));
    const gateway::Census census =
        count(candidate->difference, candidate->config, *policy.policy());
    string table = table_of(candidate->difference, census);
    if (!dry_run)
        return apply(std::move(*candidate), policy, std::move(table), census.without_ground);
    if (Status status = params_.flow_logs.look_at(candidate->config.flow_logs); !status)
        return status.error();
    return table + flows(census.without_ground) + " would have no rule any more\n";
}

/// What may fail comes before anything has changed, and the logs last of it. Out of memory nothing
/// is missing behind that but words.
Result<string> Reloader::apply(Candidate candidate, Unused& compiled, string table,
                               uint64_t without_ground) {
    auto written = write_down(compiled.policy(), candidate.sources, candidate.config);
    const uint32_t fingerprint = gateway::policy_fingerprint(candidate.config);
    draining_.make_room();
    if (Status status = params_.flow_logs.change(candidate.config.flow_logs); !status)
        return status.error();

    const gateway::Policies::Pointer policy = compiled.take();
    const bool is_over = params_.gateway.use(policy);
    static_assert(std::is_nothrow_move_assignable_v<config::Sources>);
    static_assert(std::is_nothrow_move_assignable_v<config::Config>);
    params_.sources = std::move(candidate.sources);
    params_.config = std::move(candidate.config);
    keep(std::move(written));
    tell_policy(params_.gateway, fingerprint);
    if_memory_allows([&] {
        string rest = keep_or_end(policy, without_ground);
        if (!is_over)
            rest += "; a worker stands still, which may still go by the old configuration";
        params_.print("reload: " + std::to_string(candidate.difference.gone.size()) +
                      " lines gone, " + std::to_string(candidate.difference.come.size()) +
                      " come; " + rest);
        table += rest + '\n';
    });
    return table;
}

/// What becomes of flows without a rule, which it says.
string Reloader::keep_or_end(const gateway::Policies::Pointer& policy, uint64_t without_ground) {
    switch (params_.config.on_reload) {
        case config::OnReload::Keep:
            draining_.stop();  // what was to end goes on too
            return flows(without_ground) + " without a rule go on (--on-reload keep)";
        case config::OnReload::Drain:
            draining_.begin(policy, Clock::now(), std::chrono::seconds(params_.config.drain_time));
            wake();
            return flows(without_ground) + " without a rule go on for " +
                   std::to_string(params_.config.drain_time) + " s (--on-reload drain)";
        case config::OnReload::End:
            break;
    }
    draining_.stop();
    uint64_t ended = 0;
    const bool are_all = if_memory_allows(
        [&] { ended = gateway::end_without_ground(params_.gateway.table(), *policy); });
    if (!are_all) {
        draining_.begin(policy, Clock::now(), {});
        wake();
        return "flows without a rule end when there is memory for that (--on-reload end)";
    }
    return flows(ended) + " without a rule ended (--on-reload end)";
}

/// Those that are to end stay so where there is no memory for that.
void Reloader::end_drained() {
    const std::lock_guard lock(mutex_);
    if (const auto due = draining_.due(); !due || *due > Clock::now())
        return;
    gateway::Draining rest = draining_;
    const std::vector<gateway::Policies::Pointer> kept = rest.take_due(Clock::now());
    std::vector<const policy::Policy*> policies;
    for (const gateway::Policies::Pointer& policy : kept)
        policies.push_back(policy.get());
    const uint64_t ended = gateway::end_without_ground(params_.gateway.table(), policies);
    draining_ = std::move(rest);
    params_.print("reload: " + flows(ended) + " without a rule ended (--on-reload drain)");
}

/// Those by which a worker that stood still went.
void Reloader::free_policies() {
    const std::lock_guard lock(mutex_);
    if (params_.gateway.policies().waiting() != 0)
        params_.gateway.policies().free_waiting();
}

}  // namespace sluice::app
