// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/delivery.h"
#include "flowlog/socket.h"

#include <cstring>
#include <poll.h>
#include <string>

namespace sluice::flowlog {
namespace {

// A collector that has been started again, or that missed them, waits no longer for templates.
constexpr int64_t kTemplateMilliseconds = 60'000;
constexpr unsigned kTemplateMessages = 4096;
// Whether a collector is there is known when nothing has been refused for so long.
constexpr int64_t kSilenceMilliseconds = 1000;
constexpr int kRoomMilliseconds = 100;
// A refusal of the last datagram comes sooner than that.
constexpr int64_t kRefusalMilliseconds = 100;
constexpr int kAttempts = 3;
constexpr int kSendBufferBytes = 4 << 20;

/// What an ICMP error about an earlier datagram becomes.
bool is_refusal(int reason) {
    return reason == ECONNREFUSED || reason == EHOSTUNREACH || reason == ENOPROTOOPT;
}

/// Of room for a datagram, for a while.
bool is_shortage(int reason) {
    return reason == EAGAIN || reason == ENOBUFS || reason == ENOMEM;
}

/// Of a datagram nobody says that it has arrived. That a machine has nobody on the port is said
/// (ICMP), and heard when the next datagram is sent: then the one before is lost. Who was away has
/// lost the templates too. The sequence numbers go on for what is lost, so that a collector sees
/// a gap in any case (RFC 7011 §3.1). A socket of this machine says at once that nobody is there.
class DatagramDelivery final : public Delivery {
public:
    explicit DatagramDelivery(const DeliveryParams& params)
        : params_(params), has_templates_(!params.encoder.templates().bytes.empty()) {}

    void turn(int64_t now) override;
    void put(Message message) override;
    bool has_waiting() const override { return false; }
    void give_up() override;

private:
    enum class Sent : uint8_t { Yes, Refused, No };

    void open();
    bool is_local() const { return params_.target.collector.transport == config::Transport::Local; }
    bool are_templates_due() const;
    Sent transmit(Message& message);
    Sent send_templates();
    bool wait_for_room() const;
    void probe();
    void accept_last();
    void note_refusal(int reason);
    void note_absence(int reason);
    void lose(const Message& message) { params_.account.lose(message.records, message.period); }

    DeliveryParams params_;
    bool has_templates_;
    Socket socket_;
    int64_t now_ = 0;
    uint32_t sequence_ = 0;
    Message last_;  // sent, without its bytes; not refused so far, nor counted
    int64_t last_at_ = 0;
    bool needs_templates_ = true;
    unsigned since_templates_ = 0;
    int64_t templates_at_ = 0;
    bool is_away_ = false;
    int64_t refused_at_ = -kSilenceMilliseconds;
    int64_t probed_at_ = -kSilenceMilliseconds;
};

void DatagramDelivery::open() {
    Socket socket(SOCK_DGRAM, is_local() ? AF_UNIX : AF_INET);
    const int error = socket ? socket.connect(params_.target.collector) : errno;
    if (error != 0)
        return note_absence(error);
    socket.set(SOL_SOCKET, SO_SNDBUF, kSendBufferBytes);
    socket_ = std::move(socket);
}

bool DatagramDelivery::are_templates_due() const {
    return has_templates_ && (needs_templates_ || since_templates_ >= kTemplateMessages ||
                              now_ - templates_at_ >= kTemplateMilliseconds);
}

void DatagramDelivery::turn(int64_t now) {
    now_ = now;
    const bool is_silent = now - refused_at_ >= kSilenceMilliseconds;
    if (!socket_ && is_silent)
        open();
    if (!socket_)
        return;
    if (last_.records != 0 || is_away_)
        if (const int error = socket_.error(); error != 0)
            return note_refusal(error);
    if (last_.kind == Message::Kind::Records && now - last_at_ >= kRefusalMilliseconds)
        accept_last();
    if (is_away_ && is_silent && probed_at_ > refused_at_ &&
        now - probed_at_ >= kSilenceMilliseconds) {
        is_away_ = false;
        params_.say([this] {
            return ": the collector is there again; " + std::to_string(params_.account.lost()) +
                   " records have been lost since the start";
        });
    }
    if ((is_away_ || params_.account.has_untold()) && is_silent &&
        now - probed_at_ >= kSilenceMilliseconds)
        return probe();
    if (are_templates_due() && is_silent)
        send_templates();
}

/// Tells what was lost, or sends templates alone, to learn whether they are refused.
void DatagramDelivery::probe() {
    probed_at_ = now_;
    if (has_templates_ && (are_templates_due() || is_away_) && send_templates() != Sent::Yes)
        return;
    if (!params_.account.has_untold())
        return;
    Message losses = params_.encoder.losses(params_.account.lost(), params_.account.untold());
    losses.told = params_.account.told();
    if (transmit(losses) == Sent::Yes)
        params_.account.tell();
}

DatagramDelivery::Sent DatagramDelivery::send_templates() {
    Message templates = params_.encoder.templates();
    const Sent sent = transmit(templates);
    if (sent == Sent::Yes) {
        needs_templates_ = false;
        since_templates_ = 0;
        templates_at_ = now_;
    }
    return sent;
}

void DatagramDelivery::put(Message message) {
    Sent sent = socket_ ? Sent::Refused : Sent::No;
    for (int attempt = 0; attempt < kAttempts && sent == Sent::Refused; ++attempt) {
        sent = Sent::No;
        if_memory_allows([&] { sent = are_templates_due() ? send_templates() : Sent::Yes; });
        if (sent == Sent::Yes)
            sent = transmit(message);
    }
    if (sent == Sent::Yes)
        return;
    sequence_ += message.steps;
    lose(message);
}

/// Refused is what was sent before; this message has not been sent then.
DatagramDelivery::Sent DatagramDelivery::transmit(Message& message) {
    params_.encoder.stamp(message, export_time(), sequence_);
    while (::send(socket_.get(), message.bytes.data(), message.bytes.size(), MSG_NOSIGNAL) < 0) {
        const int reason = errno;
        if (reason == EINTR)
            continue;
        if (is_refusal(reason) && !is_local()) {
            note_refusal(reason);
            return Sent::Refused;
        }
        if (is_shortage(reason) && wait_for_room())
            continue;
        note_absence(reason);
        if (!is_shortage(reason)) {
            socket_.close();          // its own address may be gone: another is opened later
            needs_templates_ = true;  // by which the collector has not heard any
        }
        return Sent::No;
    }
    accept_last();
    sequence_ += message.steps;
    last_at_ = now_;
    last_ = {{}, message.kind, message.records, message.period};
    last_.told = message.told;
    ++since_templates_;
    return Sent::Yes;
}

/// Waits once in a turn, which is to end.
bool DatagramDelivery::wait_for_room() const {
    pollfd writable{socket_.get(), POLLOUT, 0};
    return refused_at_ != now_ && poll(&writable, 1, kRoomMilliseconds) > 0;
}

void DatagramDelivery::accept_last() {
    if (last_.kind == Message::Kind::Records)
        params_.account.send(last_.records);
    last_ = {};
}

void DatagramDelivery::give_up() {
    if (const int error = socket_ ? socket_.error() : 0; error != 0)
        note_refusal(error);
    accept_last();
}

void DatagramDelivery::note_refusal(int reason) {
    if (last_.kind == Message::Kind::Records && last_.records != 0)
        lose(last_);
    if (last_.kind == Message::Kind::Losses)
        params_.account.untell(last_.period, last_.told);
    last_ = {};
    needs_templates_ = true;
    note_absence(reason);
}

void DatagramDelivery::note_absence(int reason) {
    refused_at_ = now_;
    if (!std::exchange(is_away_, true))
        params_.say([reason] {
            return std::string(": the collector is away (") + std::strerror(reason) +
                   "); what happens meanwhile is lost, and counted";
        });
}

}  // namespace

std::unique_ptr<Delivery> deliver_by_datagrams(const DeliveryParams& params) {
    return std::make_unique<DatagramDelivery>(params);
}

}  // namespace sluice::flowlog
