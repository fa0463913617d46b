// The receiving end of a measured transfer: sends a query that was made before, reads as fast as
// memory allows and looks at nothing but lengths and counts, so that it is the server that is
// measured. The same for every server (RFC 5936 2.2: messages, each behind its length).
//
//   transfer_sink ADDRESS PORT QUERY RECORDS [--await SOA_QUERY SERIAL] [--from ADDRESS]
//                 [--save FILE] [--deadline SECONDS]
//
// QUERY is a message in hexadecimal. The transfer is over when the answer sections have held
// RECORDS records, the closing SOA included. With --await it says "ready", asks for the SOA over
// UDP again and again, and transfers as soon as SERIAL is served. One line of JSON tells the times,
// in nanoseconds of CLOCK_MONOTONIC: asked, visible (the serial seen), connected, first (octet),
// done.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::size_t buffer_octets = 1 << 18;  // stays within a core's cache
constexpr int poll_milliseconds = 1;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "transfer_sink: %s\n", what.c_str());
    std::exit(1);
}

[[noreturn]] void fail_of_system(const char* what) {
    fail(std::string(what) + ": " + std::strerror(errno));
}

std::int64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Octets from_hexadecimal(const std::string& text) {
    Octets octets;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        octets.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(at, 2), nullptr, 16)));
    }
    return octets;
}

std::size_t u16(const std::uint8_t* octets) { return (std::size_t{octets[0]} << 8U) | octets[1]; }

struct Task {
    std::string address;
    std::string from;
    std::uint16_t port = 0;
    Octets query;
    std::uint64_t records = 0;
    Octets soa_query;
    std::uint32_t serial = 0;
    std::string save;
    std::int64_t deadline = 0;
};

int make_socket(const Task& task, int kind) {
    const int handle = ::socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    if (handle < 0) fail_of_system("socket");
    const auto address_of = [](const std::string& text, std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        if (::inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) fail("no address: " + text);
        return address;
    };
    if (!task.from.empty()) {
        const sockaddr_in from = address_of(task.from, 0);
        if (::bind(handle, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
            fail_of_system("bind");
        }
    }
    const sockaddr_in to = address_of(task.address, task.port);
    if (::connect(handle, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        fail_of_system("connect");
    }
    return handle;
}

// The end of a name in a message (RFC 1035 4.1.4).
std::size_t skip_name(const Octets& message, std::size_t at) {
    while (at < message.size() && message[at] != 0) {
        if (message[at] >= 0xc0) return at + 2;
        at += std::size_t{message[at]} + 1;
    }
    return at + 1;
}

// True if the first answer is a SOA of the serial.
bool tells_serial(const Octets& message, std::uint32_t serial) {
    if (message.size() < 12 || u16(&message[4]) != 1 || u16(&message[6]) == 0) return false;
    std::size_t at = skip_name(message, skip_name(message, 12) + 4);
    if (at + 10 > message.size() || u16(&message[at]) != 6) return false;
    at = skip_name(message, skip_name(message, at + 10));
    if (at + 4 > message.size()) return false;
    return ((u16(&message[at]) << 16U) | u16(&message[at + 2])) == serial;
}

std::int64_t await_serial(const Task& task) {
    const int handle = make_socket(task, SOCK_DGRAM);
    std::puts("ready");
    std::fflush(stdout);
    while (true) {
        if (now() > task.deadline) fail("the serial was not served in time");
        if (::send(handle, task.soa_query.data(), task.soa_query.size(), 0) < 0) {
            fail_of_system("send");
        }
        const std::int64_t sent = now();
        pollfd waiting{handle, POLLIN, 0};
        // Asked again when nothing came, since a busy server may have lost the query.
        if (::poll(&waiting, 1, 200) > 0) {
            Octets message(4096);
            const ssize_t size = ::recv(handle, message.data(), message.size(), 0);
            if (size > 0) {
                message.resize(static_cast<std::size_t>(size));
                if (tells_serial(message, task.serial)) break;
            }
        }
        if (now() - sent < poll_milliseconds * 1'000'000) ::poll(nullptr, 0, poll_milliseconds);
    }
    ::close(handle);
    return now();
}

// Follows the messages in a stream of octets: counts them and their answers.
class Frames {
public:
    void take(const std::uint8_t* octets, std::size_t size) {
        std::size_t at = 0;
        while (at < size) {
            if (start_.size() < start_octets) {
                const std::size_t part = std::min(start_octets - start_.size(), size - at);
                start_.insert(start_.end(), octets + at, octets + at + part);
                at += part;
                if (start_.size() < start_octets) return;
                left_ = u16(start_.data());
                if (left_ < start_octets - 2) fail("message shorter than a header");
                left_ -= start_octets - 2;
                if ((start_[5] & 0x0fU) != 0) {
                    fail("the answer has RCODE " + std::to_string(start_[5] & 0x0fU));
                }
            }
            const std::size_t part = std::min(left_, size - at);
            left_ -= part;
            at += part;
            if (left_ == 0) {
                ++messages;
                records += u16(&start_[8]);
                start_.clear();
            }
        }
    }

    std::uint64_t messages = 0;
    std::uint64_t records = 0;

private:
    static constexpr std::size_t start_octets = 2 + 12;  // length, header
    Octets start_;
    std::size_t left_ = 0;
};

void transfer(const Task& task, std::int64_t visible) {
    std::FILE* file = nullptr;
    if (!task.save.empty() && (file = std::fopen(task.save.c_str(), "wb")) == nullptr) {
        fail_of_system(task.save.c_str());
    }
    std::vector<std::uint8_t> buffer(buffer_octets);
    const std::int64_t asked = now();
    const int handle = make_socket(task, SOCK_STREAM);
    const int on = 1;
    ::setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::int64_t connected = now();
    Octets request = {static_cast<std::uint8_t>(task.query.size() >> 8U),
                      static_cast<std::uint8_t>(task.query.size() & 0xffU)};
    request.insert(request.end(), task.query.begin(), task.query.end());
    if (::send(handle, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        fail_of_system("send");
    }
    Frames frames;
    std::uint64_t octets = 0, reads = 0;
    std::int64_t first = 0;
    while (frames.records < task.records) {
        const ssize_t size = ::recv(handle, buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) fail_of_system("recv");
        if (size == 0) {
            fail("the stream ended after " + std::to_string(frames.records) + " records");
        }
        if (first == 0) first = now();
        ++reads;
        octets += static_cast<std::uint64_t>(size);
        frames.take(buffer.data(), static_cast<std::size_t>(size));
        if (file) std::fwrite(buffer.data(), 1, static_cast<std::size_t>(size), file);
    }
    const std::int64_t done = now();
    ::close(handle);
    if (file && std::fclose(file) != 0) fail_of_system(task.save.c_str());
    std::printf(
        "{\"asked\": %lld, \"visible\": %lld, \"connected\": %lld, \"first\": %lld, "
        "\"done\": %lld, \"octets\": %llu, \"messages\": %llu, \"records\": %llu, "
        "\"reads\": %llu}\n",
        static_cast<long long>(asked), static_cast<long long>(visible),
        static_cast<long long>(connected), static_cast<long long>(first),
        static_cast<long long>(done), static_cast<unsigned long long>(octets),
        static_cast<unsigned long long>(frames.messages),
        static_cast<unsigned long long>(frames.records), static_cast<unsigned long long>(reads));
}

Task read_task(int count, char** words) {
    if (count < 5) fail("usage: see the head of transfer_sink.cpp");
    Task task;
    task.address = words[1];
    task.port = static_cast<std::uint16_t>(std::stoul(words[2]));
    task.query = from_hexadecimal(words[3]);
    task.records = std::stoull(words[4]);
    std::int64_t seconds = 120;
    const auto next = [&](int& at) {
        if (at + 1 >= count) fail(std::string("nothing after ") + words[at]);
        return std::string(words[++at]);
    };
    for (int at = 5; at < count; ++at) {
        const std::string word = words[at];
        if (word == "--await") {
            task.soa_query = from_hexadecimal(next(at));
            task.serial = static_cast<std::uint32_t>(std::stoul(next(at)));
        } else if (word == "--from") {
            task.from = next(at);
        } else if (word == "--save") {
            task.save = next(at);
        } else if (word == "--deadline") {
            seconds = std::stoll(next(at));
        } else {
            fail("unknown: " + word);
        }
    }
    task.deadline = now() + seconds * 1'000'000'000;
    ::alarm(static_cast<unsigned>(seconds) + 60);  // whatever happens, it ends
    return task;
}

}  // namespace

int main(int count, char** words) {
    const Task task = read_task(count, words);
    std::int64_t visible = 0;
    if (!task.soa_query.empty()) visible = await_serial(task);
    transfer(task, visible);
}
