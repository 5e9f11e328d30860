// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/screen.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <curses.h>
#include <poll.h>
#include <unistd.h>

namespace sluicectl {
namespace {

Screen::Key meaning_of(int key) {
    switch (key) {
        case 'q':
        case 'Q':
            return Screen::Key::Quit;
        case 'f':
            return Screen::Key::Flows;
        case 'p':
            return Screen::Key::Ports;
        case 'r':
            return Screen::Key::Rate;
        case 'b':
            return Screen::Key::Bytes;
        case '/':
            return Screen::Key::Filter;
        case KEY_RESIZE:
            return Screen::Key::Resized;
        default:
            return Screen::Key::None;
    }
}

/// The next key, or ERR when the terminal has gone.
int next_key() {
    for (;;) {
        if (const int key = getch(); key != ERR)
            return key;
        pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        const int ready = poll(&input, 1, -1);
        if (ready < 0 && errno == EINTR)
            continue;
        return ready > 0 && (input.revents & POLLIN) != 0 ? getch() : ERR;
    }
}

}  // namespace

struct Screen::Terminal {
    SCREEN* screen;
};

sluice::Result<std::unique_ptr<Screen>> Screen::open() {
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0)
        return sluice::Error{"top wants a terminal; say --once for text."};
    SCREEN* const screen = newterm(nullptr, stdout, stdin);
    if (screen == nullptr) {
        const char* const name = std::getenv("TERM");
        return sluice::Error{"top cannot use this terminal, TERM=" +
                             std::string(name == nullptr ? "" : name) + "; say --once for text."};
    }
    return std::unique_ptr<Screen>(new Screen(std::make_unique<Terminal>(Terminal{screen})));
}

Screen::Screen(std::unique_ptr<Terminal> terminal) : terminal_(std::move(terminal)) {
    cbreak();  // Ctrl-C is a signal, also while the gateway is waited for: ncurses tidies up
    noecho();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
}

Screen::~Screen() {
    endwin();
    delscreen(terminal_->screen);
}

unsigned Screen::height() const {
    return static_cast<unsigned>(std::max(getmaxy(stdscr), 1));
}

void Screen::show(const std::vector<std::string>& rows, const std::string& bottom) {
    const int last = getmaxy(stdscr) - 1;
    const int width = getmaxx(stdscr);
    erase();
    for (int i = 0; i < std::min(last, static_cast<int>(rows.size())); ++i)
        mvaddnstr(i, 0, rows[static_cast<size_t>(i)].c_str(), width);
    show_bottom(bottom);
}

void Screen::show_bottom(const std::string& text) {
    move(std::max(getmaxy(stdscr) - 1, 0), 0);
    clrtoeol();
    attron(A_REVERSE);
    addnstr(text.c_str(), getmaxx(stdscr));
    attroff(A_REVERSE);
    refresh();
}

std::optional<std::string> Screen::read_line(const std::string& prompt) {
    constexpr int kEscape = 27;
    constexpr int kDelete = 127;
    constexpr size_t kLongest = 60;
    std::string line;
    for (;;) {
        show_bottom(prompt + line + "_ ");
        const int key = next_key();
        if (key == ERR || key == kEscape)
            return std::nullopt;
        if (key == '\n' || key == '\r' || key == KEY_ENTER)
            return line;
        if (key == KEY_BACKSPACE || key == '\b' || key == kDelete)
            line.resize(line.size() - (line.empty() ? 0 : 1));
        else if (' ' < key && key < kDelete && line.size() < kLongest)
            line += static_cast<char>(key);
    }
}

Screen::Key Screen::wait(std::chrono::steady_clock::time_point until) {
    using namespace std::chrono;
    for (;;) {
        // What ncurses has read already, such as that the terminal has another size.
        if (const Key key = meaning_of(getch()); key != Key::None)
            return key;
        const auto left = ceil<milliseconds>(until - steady_clock::now());
        if (left <= milliseconds(0))
            return Key::None;
        pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        const int ready = poll(&input, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR)
            return Key::Quit;
        if (ready <= 0)
            continue;
        const int key = (input.revents & POLLIN) != 0 ? getch() : ERR;
        if (key == ERR)  // there was something to be read, and there is nothing: it has gone
            return Key::Quit;
        if (const Key meaning = meaning_of(key); meaning != Key::None)
            return meaning;
    }
}

}  // namespace sluicectl
