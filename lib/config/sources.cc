// SPDX-License-Identifier: BSD-3-Clause
#include "config/sources.h"

#include "config/partners.h"
#include "config/validate.h"

#include <utility>

namespace sluice::config {

Result<Sources> Sources::read(Settings command_line, const std::optional<std::string>& path,
                              std::vector<std::string> eal) {
    Sources sources;
    sources.command_line_ = std::move(command_line);
    sources.eal_ = std::move(eal);
    if (!path)
        return sources;
    Result<File> file = File::read(*path);
    if (!file)
        return file.error();
    sources.file_ = std::move(*file);
    return sources;
}

bool Sources::is_of_file(const std::string& flag) const {
    return file_ && !command_line_.contains(flag);
}

Settings Sources::settings() const {
    Settings settings = command_line_;
    if (file_)
        settings.merge(file_->settings());  // what is there already stays
    return settings;
}

Result<Sources> Sources::read_again() const {
    return read(command_line_, file_ ? std::optional(file_->path()) : std::nullopt, eal_);
}

Result<Config> Sources::load() const {
    Result<Config> config = config::load(settings(), eal_);
    if (!config)
        return located(config.error());
    return config;
}

Status Sources::validate(const Config& config, std::span<const unsigned> allowed_cpus) const {
    Status status = config::validate(config, allowed_cpus);
    if (status)
        status = check_partners(settings());
    if (!status)
        return located(status.error());
    return status;
}

/// A flag of the command line is not the file's, even where the file has it too.
Error Sources::located(const Error& error) const {
    if (!file_)
        return error;
    for (const auto& [flag, words] : command_line_)
        if (error.message.starts_with("--" + flag + ' ') ||
            error.message.starts_with("--" + flag + ':'))
            return error;
    return file_->located(error);
}

}  // namespace sluice::config
