// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/client.h"

#include "base/descriptor.h"
#include "sluicectl/capture_file.h"
#include "sluicectl/failure.h"
#include "sluicectl/interrupt.h"
#include "sluicectl/packet_file.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluicectl {
namespace {

constexpr int kHttpOk = 200;
constexpr int kHttpNotFound = 404;
// A large table on a busy machine takes its time, and the server's threads run last.
constexpr std::chrono::minutes kPatience{5};
constexpr std::chrono::hours kStreamPatience{24 * 365};  // nothing may happen for long

/// Why a connection cannot be had: 0, or an errno. The HTTP library does not say.
int try_connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path))
        return ENAMETOOLONG;
    path.copy(address.sun_path, path.size());
    const sluice::Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const bool connected =
        fd && connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    return connected ? 0 : errno;
}

bool is_socket(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

std::string no_connection(const std::string& path, int error) {
    const std::string reason = std::strerror(error);
    switch (error) {
        case ENOENT:
            return "there is no control socket " + path +
                   "; is sluice running, and was it given another --control-socket?";
        case ECONNREFUSED:
            if (!is_socket(path))
                return path + " is no socket; name the gateway's --control-socket.";
            return "nobody listens on the control socket " + path +
                   "; sluice has ended without removing it: start it again.";
        case EACCES:
        case EPERM:
            return "you may not use the control socket " + path +
                   ": it is its owner's and --control-group's alone; run sluicectl as the user "
                   "that runs sluice.";
        default:
            return "the control socket " + path + " cannot be reached: " + reason + ".";
    }
}

int fail_to_connect(const std::string& path, int error) {
    return fail(no_connection(path, error));
}

/// Prints what arrives.
class Printer {
public:
    bool print(const char* bytes, size_t count) {
        if (std::fwrite(bytes, 1, count, stdout) == count)
            return true;
        error_ = errno;
        return false;
    }
    bool flush() {
        if (std::fflush(stdout) == 0)
            return true;
        error_ = errno;
        return false;
    }
    /// When nobody reads on, as behind `| head`, there is nothing to complain of.
    int exit_status() const {
        if (error_ == 0 || error_ == EPIPE)
            return EXIT_SUCCESS;
        return fail(std::string("cannot write: ") + std::strerror(error_) + ".");
    }
    bool failed() const { return error_ != 0; }

private:
    int error_ = 0;
};

std::string without_line_feed(std::string text) {
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return text;
}

/// The sentence in the gateway's answer, which is JSON when JSON was asked for.
std::string told(const std::string& body, int status) {
    if (body.empty())
        return "the gateway answered with HTTP status " + std::to_string(status) + ".";
    const auto json = nlohmann::json::parse(body, nullptr, false);
    const bool has_error = json.is_object() && json.contains("error") && json["error"].is_string();
    const std::string sentence = has_error ? json["error"].get<std::string>() : body;
    // That there is no such thing is an answer.
    return (status == kHttpNotFound ? "" : "the gateway refused: ") + without_line_feed(sentence);
}

int fail_as_told(const std::string& body, int status) {
    return fail(told(body, status));
}

httplib::Result send(httplib::Client& client, const Request& request,
                     const httplib::ResponseHandler& on_status,
                     const httplib::ContentReceiver& on_content) {
    client.set_address_family(AF_UNIX);
    client.set_read_timeout(request.is_stream ? kStreamPatience : kPatience);
    const httplib::Headers headers{{"Host", "sluice"}};
    httplib::Params params;
    for (const auto& [name, value] : request.query)
        params.emplace(name, value);
    const std::string target = httplib::append_query_params(request.path, params);
    if (request.method == Request::Method::Get)
        return client.Get(target, headers, on_status, on_content);
    httplib::Result result = request.method == Request::Method::Post
                                 ? client.Post(target, headers, "", "text/plain")
                                 : client.Delete(target, headers);
    if (result && on_status(*result))
        on_content(result->body.data(), result->body.size());
    return result;
}

std::string no_result(const Request& request, const httplib::Result& result) {
    if (result.error() == httplib::Error::Connection)
        return "the control socket " + request.socket + " is busy; try again.";
    return "the answer from " + request.socket +
           " was cut short: the gateway ended, or waited too long for it to be read.";
}

int fail_without_result(const Request& request, const httplib::Result& result) {
    return fail(no_result(request, result));
}

/// The whole answer, or why there is none.
sluice::Result<std::string> receive(const Request& request) {
    int status = 0;
    std::string answer;
    httplib::Client client(request.socket);
    const httplib::Result result = send(
        client, request,
        [&](const httplib::Response& response) {
            status = response.status;
            return true;
        },
        [&](const char* bytes, size_t count) {
            answer.append(bytes, count);
            return true;
        });
    if (status != 0 && status != kHttpOk)
        return sluice::Error{told(answer, status)};
    if (!result)
        return sluice::Error{no_result(request, result)};
    return answer;
}

/// The question about one packet: its frame in hexadecimal digits, as far as a request holds it.
Request about(const Request& request, const PacketFile::Packet& packet) {
    constexpr size_t kMostBytes = 2048;  // the line of a request has 8 kB at most
    constexpr uint32_t kMostLength = 65535;
    constexpr std::string_view kDigits = "0123456789abcdef";
    Request question = request;
    std::string digits;
    for (const char c : packet.frame.substr(0, kMostBytes)) {
        const auto byte = static_cast<unsigned char>(c);
        digits += kDigits[byte >> 4];
        digits += kDigits[byte & 15];
    }
    // What an offload has put together may be longer than any packet; a file may say anything.
    const auto held = static_cast<uint32_t>(digits.size() / 2);
    question.query.emplace("length", std::to_string(std::clamp(packet.length, held, kMostLength)));
    question.query.emplace("frame", std::move(digits));
    return question;
}

}  // namespace

sluice::Result<std::string> fetch(const Request& request) {
    if (const int error = try_connect(request.socket); error != 0)
        return sluice::Error{no_connection(request.socket, error)};
    return receive(request);
}

int ask(const Request& request) {
    auto file = PacketFile::open(*request.packets);
    if (!file)
        return fail(file.error().message);
    if (const int error = try_connect(request.socket); error != 0)
        return fail_to_connect(request.socket, error);
    for (uint64_t number = 1; const auto packet = file->next(); ++number) {
        const auto answer = receive(about(request, *packet));
        if (!answer)
            return fail(answer.error().message);
        const std::string line =
            (request.query.contains("line") ? std::to_string(number) + " " : "") + *answer;
        Printer printer;
        if (!printer.print(line.data(), line.size()) || !printer.flush())
            return printer.exit_status();
    }
    return file->error().empty() ? EXIT_SUCCESS : fail(file->error());
}

int capture(const Request& request) {
    if (const int error = try_connect(request.socket); error != 0)
        return fail_to_connect(request.socket, error);
    httplib::Client client(request.socket);
    const Interrupt interrupt([&client] { client.stop(); });
    int status = 0;
    // Once there is something to be written: what is refused leaves a file as it was.
    std::optional<sluice::Result<CaptureFile>> opened;
    bool is_written = true;
    std::string refusal;
    const httplib::Result result = send(
        client, request,
        [&](const httplib::Response& response) {
            status = response.status;
            if (status == kHttpOk)
                opened = CaptureFile::open(*request.capture);
            return !opened || *opened;
        },
        [&](const char* bytes, size_t count) {
            if (status == kHttpOk)
                return is_written = (*opened)->write(bytes, count);
            refusal.append(bytes, count);
            return true;
        });
    if (status != 0 && status != kHttpOk)
        return fail_as_told(refusal, status);
    if (!opened)
        return fail_without_result(request, result);
    auto& file = *opened;
    if (!file)
        return fail(file.error().message);
    if (!file->error().empty())
        return fail(file->error());
    if (!result && is_written && !interrupt.has_come())
        return fail_without_result(request, result);
    std::fprintf(stderr, "sluicectl: %llu packet%s captured, %llu lost\n",
                 static_cast<unsigned long long>(file->packets()), file->packets() == 1 ? "" : "s",
                 static_cast<unsigned long long>(file->lost()));
    return EXIT_SUCCESS;
}

int run(const Request& request) {
    if (const int error = try_connect(request.socket); error != 0)
        return fail_to_connect(request.socket, error);

    Printer printer;
    int status = 0;
    std::string refusal;
    const auto on_status = [&](const httplib::Response& response) {
        status = response.status;
        return true;
    };
    const auto on_content = [&](const char* bytes, size_t count) {
        if (status == kHttpOk)  // what has happened is wanted now
            return printer.print(bytes, count) && (!request.is_stream || printer.flush());
        refusal.append(bytes, count);
        return true;
    };
    httplib::Client client(request.socket);
    const httplib::Result result = send(client, request, on_status, on_content);
    if (printer.failed())
        return printer.exit_status();
    if (status != 0 && status != kHttpOk)
        return fail_as_told(refusal, status);
    if (!result)
        return fail_without_result(request, result);
    printer.flush();
    return printer.exit_status();
}

}  // namespace sluicectl
