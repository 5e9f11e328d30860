// SPDX-License-Identifier: BSD-3-Clause
#include "sync/pair.h"

#include "base/serial.h"
#include "net/text.h"
#include "sync/tcp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <poll.h>
#include <sys/random.h>
#include <utility>

namespace sluice::sync {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSay{200};
constexpr milliseconds kConnectAgain{500};
constexpr int kRestTelling = 2;  // milliseconds; a journal's ring holds what 16 of them bring
constexpr int kRest = 20;
constexpr size_t kMostToSend = 1 << 20;  // bytes that wait for the peer
constexpr size_t kMostToRead = 1 << 18;  // bytes a turn

/// Whether two that say so of themselves understand one another's records.
Status judge(const Hello& hello, const Hello& own) {
    if (Status status = judge_form(hello, own); !status)
        return status;
    if (hello.instance == own.instance)
        return Error{"it is this gateway itself (--sync peer=)"};
    if (hello.block_size != own.block_size)
        return Error{"its --port-block-size is " + std::to_string(hello.block_size) +
                     ", and here " + std::to_string(own.block_size)};
    if (hello.ipv6_plan != own.ipv6_plan)
        return Error{
            "its IPv6 hosts have other numbers: --nat64, --lan6, --route6, --ipv6-numbers, "
            "--ipv6-peers, the IPv6 prefixes and hosts that rules, forwards and routes name, and "
            "with certificates --sync-key or --address-key must be the same in both"};
    return Done{};
}

/// One of two that are both active, and whether nobody has its flows yet.
struct Rival {
    const Hello& hello;
    bool is_fresh;
};

bool gives_way(const Rival& own, const Rival& peer) {
    if (own.is_fresh != peer.is_fresh)
        return own.is_fresh;
    if (own.hello.priority != peer.hello.priority)
        return own.hello.priority < peer.hello.priority;
    return own.hello.instance < peer.hello.instance;
}

}  // namespace

Result<std::unique_ptr<Pair>> Pair::start(PairParams params) {
    std::unique_ptr<Pair> pair(new Pair(std::move(params)));
    if (Status status = pair->begin(); !status)
        return status.error();
    return pair;
}

Pair::Pair(PairParams params)
    : params_(std::move(params)), complaints_(params_.notice, net::to_string(params_.peer)) {}

Status Pair::begin() {
    auto tls = Tls::create(params_.proof);
    if (!tls)
        return tls.error();
    tls_ = std::move(*tls);
    renewal_.emplace(*tls_, params_.notice);
    uint64_t& instance = params_.hello.instance;
    if (getrandom(&instance, sizeof instance, 0) != sizeof instance)
        return Error{"--sync: the kernel gives no random numbers"};
    params_.teller.may_tell = [this] { return params_.standing.may_tell(); };
    if (Status status = listen(); !status)
        return status;
    return thread_.start("--sync", params_.background, [this] { run(); });
}

Status Pair::listen() {
    listener_ = listen_at(params_.listen);
    if (!listener_)
        return Error{"--sync listen=" + net::to_string(params_.listen) + ": " +
                     std::strerror(errno)};
    return Done{};
}

Pair::~Pair() = default;

void Pair::run() {
    while (!thread_.is_asked_to_stop()) {
        try {
            turn();
        } catch (const std::bad_alloc&) {  // all is told anew, when there is memory
            served_.reset();
            followed_.reset();
            lacked_memory_ = true;
        }
        wait();
    }
}

void Pair::turn() {
    renewal_->turn(Clock::now());
    accept_peer();
    look_for_join();
    connect_peer();
    serve();
    follow();
    publish_peer();
    if (std::exchange(lacked_memory_, false))  // if there is some for the sentence by now
        complaints_.say("there is no memory for what is to be told");
}

void Pair::wait() const {
    std::array<pollfd, 4> polled{{{listener_.get(), POLLIN, 0}, {}, {}, {}}};
    nfds_t count = 1;
    for (const Session* session : {candidate_.get(), served_.get(), followed_.get()})
        if (session != nullptr) {
            const bool wants_more = session != followed_.get() || params_.mailbox.has_room();
            polled[count++] = {session->channel.descriptor(), session->channel.events(wants_more),
                               0};
        }
    poll(polled.data(), count, teller_ != nullptr ? kRestTelling : kRest);
}

/// One at a time may try; who has proven to be the peer takes the place of who was before.
void Pair::accept_peer() {
    net::Endpoint from;
    Descriptor come = accept_at(listener_, from);
    if (come && from.address == params_.peer.address && candidate_ == nullptr)
        candidate_ = std::make_unique<Session>(*tls_, std::move(come), Channel::End::Server);
    if (candidate_ == nullptr)
        return;
    if (const Status status = advance(*candidate_, kMostToRead); !status) {
        candidate_.reset();
        complaints_.say_of_stranger(status.error().message, Clock::now());
    } else if (candidate_->hello) {
        served_ = std::move(candidate_);
        end_telling();
    }
}

/// What it has told counts on.
void Pair::end_telling() {
    if (teller_ == nullptr)
        return;
    told_before_ += teller_->told();
    lost_before_ += teller_->lost();
    resyncs_before_ += teller_->resyncs();
    teller_.reset();
}

/// Whoever has just begun to stand by is to be told all, by a new channel.
void Pair::look_for_join() {
    // Acquire: its mailbox was cleared before.
    const uint32_t joins = params_.standing.joins.load(std::memory_order_acquire);
    if (std::exchange(joins_, joins) == joins)
        return;
    followed_.reset();
    connect_at_ = {};
}

void Pair::connect_peer() {
    const auto now = Clock::now();
    if (followed_ != nullptr || now < connect_at_)
        return;
    connect_at_ = now + kConnectAgain;
    // From the address by which the peer knows this gateway.
    if (Descriptor socket = connect_to(params_.peer, params_.listen.address))
        followed_ = std::make_unique<Session>(*tls_, std::move(socket), Channel::End::Client);
}

void Pair::serve() {
    if (served_ == nullptr)
        return;
    if (const Status status = advance(*served_, kMostToRead); !status) {
        complaints_.say(status.error().message);
        served_.reset();
    }
    tell();
}

/// The peer wants to be told: by who forwards; or by who has its flows, for it is to forward.
bool Pair::is_wanted() const {
    const Standing& standing = params_.standing;
    if (served_ == nullptr || !served_->state || served_->state->is_ready == 0)
        return false;
    return standing.is_active.load(std::memory_order_acquire) ||
           (served_->state->takes_back != 0 && standing.may_tell());
}

/// What has been told may still be on its way, a million of records for a second: whoever changes
/// places by this loses them. So the peer has taken all that there was, and says that it has put
/// all of that into its table.
bool Pair::peer_is_whole() const {
    if (teller_ == nullptr || !teller_->is_whole())
        return false;
    const State& peer = *served_->state;
    return peer.has_flows != 0 && !is_before(peer.applied, teller_->completed());
}

/// As long as the peer wants to be told.
void Pair::tell() {
    Standing& standing = params_.standing;
    const bool is_wanted = this->is_wanted();
    if (!is_wanted)
        end_telling();
    if (is_wanted && teller_ == nullptr)
        teller_ = std::make_unique<Teller>(params_.teller);
    // relaxed, all of these: figures for people, but for the freshness, which is late anyway.
    constexpr auto kFigure = std::memory_order_relaxed;
    const bool is_whole = peer_is_whole();
    standing.peer_is_whole.store(is_whole, kFigure);
    if (is_whole)
        standing.is_fresh.store(false, kFigure);
    if (teller_ == nullptr) {
        standing.behind.store(0, kFigure);
        return;
    }
    Outgoing& out = served_->channel.outgoing();
    teller_->turn(out, kMostToSend);
    standing.behind.store(out.sequence() - served_->state->applied, kFigure);
    standing.told.store(told_before_ + teller_->told(), kFigure);
    standing.lost.store(lost_before_ + teller_->lost(), kFigure);
    standing.resyncs.store(resyncs_before_ + teller_->resyncs(), kFigure);
}

void Pair::follow() {
    if (followed_ == nullptr)
        return;
    const bool has_room = params_.mailbox.has_room();
    if (!has_room)
        followed_->heard = Clock::now();
    if (const Status status = advance(*followed_, has_room ? kMostToRead : 0); !status) {
        if (followed_->hello)
            complaints_.say(status.error().message);
        else if (followed_->channel.has_judged())  // else the end that was connected to tells
            complaints_.say_of_stranger(status.error().message, Clock::now());
        followed_.reset();
    }
    if (!changes_.empty())
        params_.mailbox.put(changes_);
}

/// Sends, receives, and takes what has come; an error when the session is over.
Status Pair::advance(Session& session, size_t room) {
    Channel& channel = session.channel;
    const auto now = Clock::now();
    if (channel.is_open())
        say(session);
    if (Status status = channel.turn(room); !status)
        return status;
    if (channel.received() != 0)
        session.heard = now;
    if (now - session.heard > kSilence)
        return Error{"it has said nothing for three seconds"};
    return channel.incoming().take_each(
        [&](const Incoming::Message& message) { return hear(session, message); });
}

/// Says who this gateway is, when that has changed or has not been said for a while.
void Pair::say(Session& session) const {
    const Standing& standing = params_.standing;
    // relaxed: each is said again when it has changed.
    constexpr auto kSome = std::memory_order_relaxed;
    const State state{.is_active = standing.is_active.load(std::memory_order_acquire),
                      .is_fresh = standing.is_fresh.load(kSome),
                      .is_ready = standing.is_ready.load(std::memory_order_acquire),
                      .has_flows = standing.has_flows.load(kSome),
                      .applied = session.applied,
                      .takes_back = standing.takes_back(),
                      .policy = standing.policy.load(kSome)};
    const auto now = Clock::now();
    Outgoing& out = session.channel.outgoing();
    if (!std::exchange(session.has_greeted, true))
        out.add(params_.hello);
    else if (state == session.said && now - session.said_at < kSay)
        return;
    session.said = state;
    session.said_at = now;
    out.add(state);
}

Status Pair::hear(Session& session, const Incoming::Message& message) {
    session.applied = message.sequence;
    switch (message.type) {
        case Type::Hello:
            session.hello = message.as<Hello>();
            if (Status status = judge(*session.hello, params_.hello); !status)
                return status;
            look_for_other(session);
            return Done{};
        case Type::State:
            session.state = message.as<State>();
            return Done{};
        default:
            break;
    }
    if (&session != followed_.get())
        return Error{"it tells of flows without having been asked"};
    // Acquire: as elsewhere; what comes while this gateway does not stand by is for nobody.
    if (params_.standing.is_ready.load(std::memory_order_acquire))
        append(message, changes_);
    return Done{};
}

/// Another process of the peer's, which has other records, tells from here on.
void Pair::look_for_other(const Session& session) {
    if (&session != followed_.get())
        return;
    const uint64_t instance = session.hello->instance;
    // Acquire: as in hear().
    if (told_by_ != 0 && told_by_ != instance &&
        params_.standing.is_ready.load(std::memory_order_acquire))
        changes_.push_back({Change::What::Other, {}});
    told_by_ = instance;  // behind what may find no memory
}

/// The session by which the peer was heard last, once it has said who it is.
const Pair::Session* Pair::best() const {
    const Session* best = nullptr;
    for (const Session* session : {served_.get(), followed_.get()})
        if (session != nullptr && session->state &&
            (best == nullptr || session->heard > best->heard))
            best = session;
    return best;
}

/// Publishes what is known of the peer, and ends a quarrel.
void Pair::publish_peer() {
    Standing& standing = params_.standing;
    const Session* session = best();
    const bool is_there = session != nullptr;
    if (is_there != std::exchange(was_there_, is_there)) {
        params_.notice(is_there ? "--sync: the peer " + net::to_string(params_.peer) + " is there"
                                : "--sync: the peer " + net::to_string(params_.peer) + " is away");
        complaints_.forget();
    }
    const bool is_active = is_there && session->state->is_active != 0;
    const Peer peer = !is_there ? Peer::Away : is_active ? Peer::Active : Peer::Standby;
    compare_policies(is_there ? session->state->policy : 0);
    standing.peer_has_flows.store(is_there && session->state->has_flows != 0,
                                  std::memory_order_relaxed);
    standing.peer.store(peer, std::memory_order_release);
    if (!is_active || !standing.is_active.load(std::memory_order_acquire)) {
        quarrel_.reset();
        return;
    }
    const auto now = Clock::now();
    if (!quarrel_) {
        quarrel_ = now;
        params_.notice("--sync: the peer is active too");
    }
    // relaxed: it is late anyway.
    const bool is_fresh = standing.is_fresh.load(std::memory_order_relaxed);
    if (now - *quarrel_ < kQuarrel ||
        !gives_way({params_.hello, is_fresh}, {*session->hello, session->state->is_fresh != 0}))
        return;
    if (standing.wish.exchange(Wish::Standby) != Wish::Standby)
        params_.notice("--sync: both are active, and this gateway steps back (priority " +
                       std::to_string(params_.hello.priority) + ", the peer's " +
                       std::to_string(session->hello->priority) + ')');
}

/// Flows are told all the same: who reloads both has two that differ for a while.
void Pair::compare_policies(uint32_t peers) {
    Standing& standing = params_.standing;
    // relaxed, both: each is said, and looked at, again and again.
    const uint32_t own = standing.policy.load(std::memory_order_relaxed);
    const bool differs = own != 0 && peers != 0 && own != peers;
    if (differs == standing.peer_differs.exchange(differs, std::memory_order_relaxed))
        return;
    if (differs)
        params_.notice(
            "--sync: the peer has other rules, pools, static mappings, own addresses or "
            "--address-key: flows of the one may have no rule in the other, or be refused");
    else if (peers != 0)
        params_.notice("--sync: the peer has the same rules and pools again");
}

/// What goes on is said once.
}  // namespace sluice::sync
