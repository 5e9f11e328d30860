// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/folders.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace sluice::app {
namespace {

using std::string;

/// 0, or why not.
int try_access(const string& path, int mode) {
    return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

/// A file is made in its folder, if it is not there.
Status check_folder(const string& flag, const string& file) {
    const string folder = std::filesystem::path(file).parent_path();
    if (folder.empty())
        return Done{};
    const int reason = try_access(folder, W_OK | X_OK);
    if (reason == 0)
        return Done{};
    if (reason == ENOENT)
        return Error{flag + ": there is no directory " + folder + "; `mkdir -p " + folder +
                     "` makes it"};
    return Error{flag + ": no file can be made in " + folder + " (" + std::strerror(reason) +
                 "); choose another path, or start sluice as a user who may write there"};
}

/// One that may be there already.
Status check_file(const string& flag, const string& file) {
    const int reason = try_access(file, W_OK);
    if (reason == 0)
        return Done{};
    if (reason == ENOENT)
        return check_folder(flag, file);
    return Error{flag + ": " + file + " cannot be written (" + std::strerror(reason) +
                 "); choose another path, or start sluice as a user who may write it"};
}

}  // namespace

std::vector<Error> check_folders(const config::Config& config) {
    std::vector<Error> errors;
    const auto add = [&](const Status& status) {
        if (!status)
            errors.push_back(status.error());
    };
    // What is there of a dead instance is replaced, so the folder counts.
    add(check_folder("--control-socket " + config.control_socket, config.control_socket));
    if (!config.state.file.empty())
        add(check_file("--state " + config.state.file, config.state.file));
    for (const config::FlowLogTarget& target : config.flow_logs.lines)
        if (target.collector.transport == config::Transport::File)
            add(check_file(target.name, target.collector.path));
    return errors;
}

}  // namespace sluice::app
