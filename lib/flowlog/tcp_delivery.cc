// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/delivery.h"
#include "flowlog/socket.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <utility>

namespace sluice::flowlog {
namespace {

constexpr int64_t kFirstPause = 100;  // milliseconds before it connects anew
constexpr int64_t kLongestPause = 5000;
constexpr int64_t kConnectMilliseconds = 5000;
constexpr int kUnacknowledgedMilliseconds = 30'000;
constexpr int64_t kTellMilliseconds = 1000;
constexpr int kKeepAliveSeconds = 15;

/// Messages wait until the collector's machine has acknowledged them. When a connection breaks,
/// what it had not acknowledged goes by the next, which has templates and sequence numbers of its
/// own (RFC 7011 §8, §10.4). Only what finds no room is lost.
class TcpDelivery final : public Delivery {
public:
    explicit TcpDelivery(const DeliveryParams& params) : params_(params) {}

    void turn(int64_t now) override;
    void put(Message message) override;
    bool has_waiting() const override { return !waiting_.empty(); }
    void give_up() override;

private:
    enum class State : uint8_t { Down, Connecting, Up };
    struct Waiting {
        Message message;
        uint64_t end = 0;  ///< Where it ends in the connection's stream, once it is written.
    };

    void connect();
    void look_whether_connected();
    void begin_session();
    /// With its place in the queue, which of a single record is more than its bytes.
    static size_t cost_of(const Message& message) { return message.bytes.size() + sizeof(Waiting); }
    void add(Message message) {
        message.bytes.shrink_to_fit();  // it was made for many records, and may wait for long
        waiting_.push_back({std::move(message)});
        waiting_bytes_ += cost_of(waiting_.back().message);
    }
    void send_waiting();
    void forget_acknowledged();
    bool is_closed() const;
    bool is_to_itself() const;
    void tell_losses();
    void break_off(int reason);
    uint64_t acknowledged() const;

    DeliveryParams params_;
    Socket socket_;
    State state_ = State::Down;
    int64_t now_ = 0;
    int64_t connect_at_ = 0;  // when Down; since when it is tried, otherwise
    int64_t pause_ = kFirstPause;
    int64_t told_at_ = -kTellMilliseconds;
    bool is_absence_told_ = false;

    std::deque<Waiting> waiting_;  // the oldest first; some are written, and not acknowledged
    size_t waiting_bytes_ = 0;
    size_t next_ = 0;    // to be written
    size_t offset_ = 0;  // of it, is written
    uint64_t written_ = 0;
    uint64_t acknowledged_before_ = 0;  // of the handshake
    uint32_t sequence_ = 0;
};

void TcpDelivery::turn(int64_t now) {
    now_ = now;
    if (state_ == State::Down && now >= connect_at_)
        connect();
    if (state_ == State::Connecting)
        look_whether_connected();
    if (state_ != State::Up)
        return;
    // One that is taken in and ended at once, as a proxy without a collector does, is none.
    if (now - connect_at_ >= kLongestPause)
        pause_ = kFirstPause;
    forget_acknowledged();
    if (is_closed())
        return break_off(ECONNRESET);
    tell_losses();
    send_waiting();
}

void TcpDelivery::put(Message message) {
    const auto [records, period] = std::pair(message.records, message.period);
    if (waiting_bytes_ + cost_of(message) > params_.most_waiting_bytes ||
        !if_memory_allows([&] { add(std::move(message)); }))
        params_.account.lose(records, period);
}

void TcpDelivery::connect() {
    socket_ = Socket(SOCK_STREAM);
    connect_at_ = now_;
    state_ = State::Connecting;
    if (!socket_)
        return break_off(errno);
    socket_.set(SOL_SOCKET, SO_KEEPALIVE, 1);
    socket_.set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
    socket_.set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveSeconds);
    socket_.set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMilliseconds);
    if (const int error = socket_.connect(params_.target.collector);
        error != 0 && error != EINPROGRESS)
        break_off(error);
}

void TcpDelivery::look_whether_connected() {
    pollfd writable{socket_.get(), POLLOUT, 0};
    if (poll(&writable, 1, 0) <= 0) {
        if (now_ - connect_at_ >= kConnectMilliseconds)
            break_off(ETIMEDOUT);
        return;
    }
    if (const int error = socket_.error(); error != 0)
        return break_off(error);
    if (is_to_itself())
        return break_off(ECONNREFUSED);
    begin_session();
}

/// On this machine a connection to a port that nobody has can meet itself, where its own port is
/// drawn to be the same (RFC 9293 §3.5, simultaneous opening).
bool TcpDelivery::is_to_itself() const {
    sockaddr_in own{};
    socklen_t size = sizeof(own);
    return getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
           own.sin_port == params_.target.collector.port.raw &&
           own.sin_addr.s_addr == params_.target.collector.address.raw;
}

/// It has begun when there was memory for its templates, without which nothing can be read.
void TcpDelivery::begin_session() {
    Message templates = params_.encoder.templates();
    if (!templates.bytes.empty()) {
        waiting_.push_front({std::move(templates)});
        waiting_bytes_ += cost_of(waiting_.front().message);
    }
    state_ = State::Up;
    acknowledged_before_ = 0;
    acknowledged_before_ = acknowledged();
    next_ = offset_ = 0;
    written_ = 0;
    sequence_ = 0;
    if (std::exchange(is_absence_told_, false))
        params_.say([this] {
            return ": the collector is there; " + std::to_string(params_.account.lost()) +
                   " records have been lost since the start";
        });
}

/// Bytes of this connection's stream.
uint64_t TcpDelivery::acknowledged() const {
    tcp_info info{};
    socklen_t size = sizeof(info);
    if (getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return info.tcpi_bytes_acked - acknowledged_before_;
}

void TcpDelivery::forget_acknowledged() {
    if (next_ == 0)
        return;
    const uint64_t end = acknowledged();
    for (; next_ != 0 && waiting_.front().end <= end; --next_) {
        const Message& message = waiting_.front().message;
        if (message.kind == Message::Kind::Records)
            params_.account.send(message.records);
        waiting_bytes_ -= cost_of(message);
        waiting_.pop_front();
    }
}

/// A collector says nothing; what it says all the same is thrown away.
bool TcpDelivery::is_closed() const {
    std::array<char, 4096> said;
    const ssize_t count = ::recv(socket_.get(), said.data(), said.size(), MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

void TcpDelivery::tell_losses() {
    if (!params_.account.has_untold() || now_ - told_at_ < kTellMilliseconds ||
        waiting_bytes_ >= params_.most_waiting_bytes)
        return;
    told_at_ = now_;
    Message losses = params_.encoder.losses(params_.account.lost(), params_.account.untold());
    losses.told = params_.account.told();
    add(std::move(losses));
    params_.account.tell();
}

void TcpDelivery::send_waiting() {
    while (next_ < waiting_.size()) {
        Waiting& next = waiting_[next_];
        if (offset_ == 0)
            params_.encoder.stamp(next.message, export_time(), sequence_);
        const std::string& bytes = next.message.bytes;
        const ssize_t count = ::send(socket_.get(), bytes.data() + offset_, bytes.size() - offset_,
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            return;
        if (count < 0)
            return break_off(errno);
        offset_ += static_cast<size_t>(count);
        written_ += static_cast<uint64_t>(count);
        if (offset_ != bytes.size())
            continue;
        next.end = written_;
        sequence_ += next.message.steps;
        offset_ = 0;
        ++next_;
    }
}

void TcpDelivery::break_off(int reason) {
    if (state_ == State::Up)
        forget_acknowledged();
    socket_.close();
    state_ = State::Down;
    connect_at_ = now_ + pause_;
    pause_ = std::min(2 * pause_, kLongestPause);
    next_ = offset_ = 0;
    // What the next session tells anew.
    std::erase_if(waiting_, [this](const Waiting& waiting) {
        if (waiting.message.kind == Message::Kind::Records)
            return false;
        if (waiting.message.kind == Message::Kind::Losses)
            params_.account.untell(waiting.message.period, waiting.message.told);
        waiting_bytes_ -= cost_of(waiting.message);
        return true;
    });
    if (!std::exchange(is_absence_told_, true))
        params_.say([this, reason] {
            return std::string(": the collector is away (") + std::strerror(reason) +
                   "); records wait for it, up to " +
                   std::to_string(params_.most_waiting_bytes >> 10) + " KiB";
        });
}

void TcpDelivery::give_up() {
    if (state_ == State::Up)
        forget_acknowledged();
    for (const Waiting& waiting : waiting_)
        if (waiting.message.kind == Message::Kind::Records)
            params_.account.lose(waiting.message.records, waiting.message.period);
        else if (waiting.message.kind == Message::Kind::Losses)
            params_.account.untell(waiting.message.period, waiting.message.told);
    waiting_.clear();
    waiting_bytes_ = next_ = offset_ = 0;
    socket_.close();
    state_ = State::Down;
}

}  // namespace

std::unique_ptr<Delivery> deliver_by_tcp(const DeliveryParams& params) {
    return std::make_unique<TcpDelivery>(params);
}

}  // namespace sluice::flowlog
