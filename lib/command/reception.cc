// SPDX-License-Identifier: BSD-3-Clause
#include "command/reception.h"

#include "listing/background.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <netinet/in.h>
#include <new>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace sluice::command {
namespace {

constexpr std::chrono::seconds kBreath{1};  // before accept() is tried again that failed
constexpr size_t kFirstGuest = 3;           // in what is polled, behind our own descriptors

/// What the headers say of a body; nothing when they are not there yet.
std::optional<size_t> expected_bytes(std::string_view request) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    constexpr std::string_view kLength = "\r\ncontent-length:";
    const size_t end = request.find(kEnd);
    if (end == std::string_view::npos)
        return std::nullopt;
    const size_t headers = end + kEnd.size();
    const std::string_view head = request.substr(0, headers);
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    const auto found = std::search(head.begin(), head.end(), kLength.begin(), kLength.end(), same);
    if (found == head.end())
        return headers;
    std::string_view value =
        head.substr(static_cast<size_t>(found - head.begin()) + kLength.size());
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    size_t body = 0;
    if (std::from_chars(value.data(), value.data() + value.size(), body).ec ==
        std::errc::result_out_of_range)
        body = kMostRequest;
    return headers + std::min(body, kMostRequest);
}

int wait(std::vector<pollfd>& polled, int timeout) {
    const listing::AtRest rest;
    return poll(polled.data(), polled.size(), timeout);
}

/// All that there will be, or more than there may be.
bool is_whole(std::string_view request) {
    const auto expected = expected_bytes(request);
    return request.size() >= kMostRequest || (expected && request.size() >= *expected);
}

Origin origin_of(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return {};
    if (address.ss_family == AF_INET)
        return {false, ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr)};
    ucred peer{};
    size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return {};
    return {true, peer.uid};
}

}  // namespace

Reception::Reception(int listener, int stop, Descriptor wake, const Patience& patience, uid_t owner)
    : listener_(listener),
      stop_(stop),
      wake_(std::move(wake)),
      patience_(patience),
      owner_(owner) {}

void Reception::run() {
    std::vector<pollfd> polled;
    std::vector<Guests::iterator> guests;  // of what is polled from kFirstGuest on
    while (true) {
        const int timeout = prepare(polled, guests);
        const int ready = wait(polled, timeout);
        if (ready < 0 && errno != EINTR)
            poll(nullptr, 0, static_cast<int>(kBreath / std::chrono::milliseconds(1)));
        if (ready <= 0)
            continue;  // deadlines are looked at by prepare()
        if (polled[1].revents != 0)
            return end();
        uint64_t woken = 0;
        if (polled[2].revents != 0 && read(wake_.get(), &woken, sizeof woken) < 0)
            continue;  // somebody else's: there is nothing to wake up for
        receive(polled, guests);
        if (polled[0].revents != 0)
            accept_all();
    }
}

/// Sends away whose time is up, and says what to wait for: descriptors, and how many milliseconds.
int Reception::prepare(std::vector<pollfd>& polled, std::vector<Guests::iterator>& guests) {
    const Clock::time_point now = Clock::now();
    Clock::time_point next = now + std::chrono::hours(1);
    const bool may_accept = accept_again_ <= now;
    if (!may_accept)
        next = accept_again_;
    polled = {
        {may_accept ? listener_ : -1, POLLIN, 0}, {stop_, POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    guests.clear();
    const std::lock_guard lock(mutex_);
    std::erase_if(guests_, [&](const Guest& guest) {
        return guest.state != State::Whole && guest.deadline <= now;
    });
    for (auto guest = guests_.begin(); guest != guests_.end(); ++guest) {
        if (guest->state == State::Whole)  // take() may end it meanwhile
            continue;
        polled.push_back({guest->visitor.socket.get(), POLLIN, 0});
        guests.push_back(guest);
        next = std::min(next, guest->deadline);
    }
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next - now).count());
}

void Reception::receive(const std::vector<pollfd>& polled,
                        const std::vector<Guests::iterator>& guests) {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < guests.size(); ++i) {
        if (polled[kFirstGuest + i].revents == 0)
            continue;
        bool stays = false;
        try {
            stays = receive_from(*guests[i]);
        } catch (const std::bad_alloc&) {
            guests_.erase(guests[i]);  // or it would keep the others from being received
            throw;
        }
        if (!stays)
            guests_.erase(guests[i]);
        else if (guests[i]->state == State::Whole)
            changed_.notify_one();
    }
}

/// False when there is nothing more to be had of the guest.
bool Reception::receive_from(Guest& guest) {
    std::array<char, 4096> buffer;
    std::string& request = guest.visitor.request;
    const size_t room = std::min(buffer.size(), kMostRequest - request.size());
    // Before anything is taken from the socket that there might be no memory for.
    request.reserve(request.size() + room);
    const ssize_t count = recv(guest.visitor.socket.get(), buffer.data(), room, MSG_DONTWAIT);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    request.append(buffer.data(), static_cast<size_t>(count));
    if (guest.state == State::Parting)
        return count != 0 && request.size() < kMostRequest;
    // Who says no more gets what answer there is to what was said.
    if (is_whole(request) || (count == 0 && !request.empty()))
        guest.state = State::Whole;
    return count != 0 || guest.state == State::Whole;
}

/// Not more at once than there may be: what is left is told of by the next poll().
void Reception::accept_all() {
    for (size_t i = 0; i < kMostGuests; ++i) {
        Descriptor socket(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (socket) {
            admit(std::move(socket));
            continue;
        }
        if (errno == ECONNABORTED || errno == EINTR)
            continue;
        if (errno != EAGAIN) {  // no descriptor, no memory
            accept_again_ = Clock::now() + kBreath;
            const std::lock_guard lock(mutex_);
            make_room();
        }
        return;
    }
}

void Reception::admit(Descriptor socket) {
    const Origin origin = origin_of(socket.get());
    const std::lock_guard lock(mutex_);
    guests_.push_back(
        {{std::move(socket), {}, origin}, State::Receiving, Clock::now() + patience_.request});
    if (guests_.size() > kMostGuests)
        make_room();
}

/// Sends away the oldest of the origin that has the most.
void Reception::make_room() {
    std::map<Origin, size_t> count;
    for (const Guest& guest : guests_)
        ++count[guest.visitor.origin];
    const auto most =
        std::max_element(count.begin(), count.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == count.end())
        return;
    guests_.erase(std::find_if(guests_.begin(), guests_.end(), [&](const Guest& guest) {
        return guest.visitor.origin == most->first;
    }));
}

void Reception::end() {
    const std::lock_guard lock(mutex_);
    guests_.clear();
    ended_ = true;
    changed_.notify_all();
}

bool Reception::may_be_answered(const Guest& guest) const {
    if (guest.state != State::Whole || patience_.threads_for_one == 0 ||
        is_owner(guest.visitor.origin))
        return guest.state == State::Whole;
    const auto found = answered_.find(guest.visitor.origin);
    return found == answered_.end() || found->second < patience_.threads_for_one;
}

std::optional<Visitor> Reception::take() {
    const auto may = [this](const Guest& guest) { return may_be_answered(guest); };
    const auto is_first = [&](const Guest& guest) {
        return may(guest) && is_owner(guest.visitor.origin);
    };
    std::unique_lock lock(mutex_);
    auto guest = guests_.end();
    const auto is_one = [&] {
        guest = std::find_if(guests_.begin(), guests_.end(), is_first);
        if (guest == guests_.end())
            guest = std::find_if(guests_.begin(), guests_.end(), may);
        return ended_ || guest != guests_.end();
    };
    if (!is_one()) {
        const listing::AtRest rest;
        changed_.wait(lock, is_one);
    }
    if (ended_)
        return std::nullopt;
    ++answered_[guest->visitor.origin];  // which may fail, and so comes first
    Visitor visitor = std::move(guest->visitor);
    guests_.erase(guest);
    return visitor;
}

void Reception::finish(const Origin& origin) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = answered_.find(origin);
        if (found != answered_.end() && --found->second == 0)
            answered_.erase(found);
    }
    changed_.notify_one();  // another of its requests may wait
}

void Reception::part(Visitor visitor) {
    ::shutdown(visitor.socket.get(), SHUT_WR);
    visitor.request.clear();
    {
        const std::lock_guard lock(mutex_);
        if (ended_)
            return;
        guests_.push_back({std::move(visitor), State::Parting, Clock::now() + patience_.request});
    }
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

}  // namespace sluice::command
