// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/args.h"

#include "config/flags.h"
#include "config/spelling.h"
#include "sluice/version.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

namespace sluice::app {
namespace {

using config::Arity;
using config::Flag;
using std::string;

constexpr size_t kHelpColumn = 40;
constexpr size_t kHelpWidth = 60;

constexpr const char* kDescription =
    "sluice: a source-NAT gateway that forwards a packet translated or not at all.\n"
    "A configuration file has a line `flag = value` for each flag, without the dashes.";
constexpr const char* kFooter =
    "\n`sluice check [--json] FLAG...` starts nothing: it says what of this machine is in the way "
    "of\n"
    "a start with these flags, or costs it speed, each with the command that mends it."
    "\nWhat follows -- goes to DPDK's EAL, for example: -- --log-level=eal:debug\n"
    "Exit: 0 after SIGINT or SIGTERM, 2 for a configuration that can never work, 75 when the\n"
    "machine is not ready for it: a device is missing, memory is short, somebody else has a port.";

/// Breaks a help text into lines of kHelpWidth; CLI11 indents them.
string wrapped(std::string_view text) {
    string lines;
    while (text.size() > kHelpWidth) {
        const size_t blank = text.rfind(' ', kHelpWidth);
        if (blank == std::string_view::npos)
            break;
        lines += string(text.substr(0, blank)) + '\n';
        text.remove_prefix(blank + 1);
    }
    return lines + string(text);
}

/// The command line as CLI11 sees it: words only. What they mean is lib/config's affair, so that
/// all errors read alike.
class Words {
public:
    Words() : app_(kDescription, "sluice") {
        app_.footer(kFooter);
        app_.set_help_flag("-h,--help", "Print this and exit");
        app_.set_version_flag("--version", string("sluice ") + kVersion, "Print it and exit");
        app_.add_option("--config", file_,
                        "Read flags from this file; the command line has priority")
            ->type_name("FILE")
            ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
        app_.add_flag("--check", check_, "Say whether flags and file are good, and exit");
        app_.get_formatter()->column_width(kHelpColumn);
        for (const Flag& flag : config::flags())
            add(flag);
    }

    void parse(std::vector<string> words) {
        std::reverse(words.begin(), words.end());  // as CLI11 wants it
        app_.parse(words);
    }

    config::Settings settings() const {
        config::Settings settings;
        for (const auto& [name, words] : words_)
            if (!words.empty())
                settings.emplace(name, words);
        for (const auto& [name, is_set] : switches_)
            if (app_.count("--" + name) > 0)
                settings.emplace(name, std::vector<string>{is_set ? "1" : "0"});
        return settings;
    }

    std::optional<string> file() const {
        return app_.count("--config") > 0 ? std::optional(file_) : std::nullopt;
    }
    bool is_check() const { return check_; }

    /// What --help or --version print.
    string text(const CLI::Success& success) const {
        if (dynamic_cast<const CLI::CallForVersion*>(&success) != nullptr)
            return string(success.what()) + '\n';
        return app_.help();
    }

    /// CLI11's complaint as one sentence of ours.
    Error sentence(const CLI::ParseError& error) const {
        const string text = error.what();
        if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !app_.remaining().empty()) {
            const string word = app_.remaining().front();
            return word.starts_with('-')
                       ? no_flag(word)
                       : Error{word + ": no flag before it takes this word; see sluice --help"};
        }
        if (app_.count("--config") > 1)
            return Error{"--config: it is there twice, and one file is read"};
        if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
            return Error{text.substr(0, text.find(':')) + ": its value is missing"};
        if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr)
            return Error{text.substr(text.find(": ") + 2) + ": true or false is wanted"};
        return Error{text + "; see sluice --help"};
    }

private:
    static Error no_flag(const string& word) {
        std::vector<string> names{"--config", "--check", "--help", "--version"};
        for (const Flag& flag : config::flags())
            names.push_back("--" + string(flag.name));
        const std::vector<std::string_view> candidates(names.begin(), names.end());
        const string meant = config::did_you_mean(word, candidates);
        return Error{word + ": there is no such flag" +
                     (meant.empty() ? "; see sluice --help" : meant)};
    }

    void add(const Flag& flag) {
        const string name(flag.name);
        const string help = wrapped(flag.help);
        if (flag.arity == Arity::Switch) {
            app_.add_flag("--" + name, switches_[name], help)->group(string(flag.group));
            return;
        }
        CLI::Option* option = app_.add_option("--" + name, words_[name], help);
        option->group(string(flag.group))->type_name(string(flag.value));
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        if (flag.arity == Arity::Many)
            option->expected(1, -1);
        else
            option->expected(1)->allow_extra_args(false);
    }

    CLI::App app_;
    std::map<string, std::vector<string>> words_;
    std::map<string, bool> switches_;
    string file_;
    bool check_ = false;
};

}  // namespace

Result<Invocation> read_arguments(std::span<const char* const> arguments) {
    const std::vector<string> all(arguments.begin() + 1, arguments.end());
    const auto dashes = std::find(all.begin(), all.end(), "--");
    std::vector<string> eal(dashes == all.end() ? dashes : dashes + 1, all.end());

    Words words;
    try {
        words.parse({all.begin(), dashes});
    } catch (const CLI::Success& success) {
        return Invocation{{}, {}, words.text(success), false};
    } catch (const CLI::ParseError& error) {
        return words.sentence(error);
    }
    auto sources = config::Sources::read(words.settings(), words.file(), std::move(eal));
    if (!sources)
        return sources.error();
    Result<config::Config> config = sources->load();
    if (!config)
        return config.error();
    return Invocation{std::move(*sources), std::move(*config), std::nullopt, words.is_check()};
}

}  // namespace sluice::app
