#include "common/runtime/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace chorale::runtime {
namespace {

Error failed(const std::string& path, const std::string& what,
             ErrorKind kind = ErrorKind::storage) {
    return {kind, path + ": " + what};
}

Error of_system(const std::string& path, int reason) {
    if (reason == ENOENT) return failed(path, "there is no such file", ErrorKind::not_found);
    if (reason == ELOOP) return failed(path, "is a symbolic link", ErrorKind::refused);
    return failed(path, std::system_category().message(reason));
}

class OpenFile {
public:
    // O_NONBLOCK: a fifo in the place of the file must not stop us.
    OpenFile(const std::string& path, int flags)
        : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags)),
          reason_(descriptor_ < 0 ? errno : 0) {
        if (descriptor_ >= 0 && ::fstat(descriptor_, &status_) != 0) reason_ = errno;
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    int reason() const { return reason_; }  // errno of opening
    const struct stat& status() const { return status_; }

    // Fills `room` as far as the file goes; -1 with errno.
    ssize_t read(std::span<Byte> room) const {
        std::size_t filled = 0;
        while (filled < room.size()) {
            const auto got = ::read(descriptor_, room.data() + filled, room.size() - filled);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return -1;
            if (got == 0) break;
            filled += static_cast<std::size_t>(got);
        }
        return static_cast<ssize_t>(filled);
    }

private:
    struct stat status_{};
    int descriptor_;
    int reason_;
};

// All octets in one piece of memory, so that nothing of them is left elsewhere.
Result<Bytes> read_whole(const OpenFile& file, const std::string& path, std::size_t largest) {
    if (!S_ISREG(file.status().st_mode)) return failed(path, "is no regular file");
    Bytes octets;
    if (static_cast<std::uintmax_t>(file.status().st_size) <= largest) {
        octets.resize(static_cast<std::size_t>(file.status().st_size) + 1);
        const auto length = file.read(octets);
        if (length < 0) {
            const int reason = errno;
            wipe(octets);
            return of_system(path, reason);
        }
        if (static_cast<std::size_t>(length) < octets.size()) {
            octets.resize(static_cast<std::size_t>(length));
            return octets;
        }
        wipe(octets);
        return failed(path, "grew while it was read");
    }
    return failed(path, "is larger than " + std::to_string(largest) + " octets", ErrorKind::limit);
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t largest) {
    const OpenFile file(path, 0);
    if (file.reason() != 0) return of_system(path, file.reason());
    auto octets = read_whole(file, path, largest);
    if (!octets) return octets.error();
    return std::string(as_text(*octets));
}

Result<Secret> read_secret_file(const std::string& path) {
    const OpenFile file(path, O_NOFOLLOW);
    if (file.reason() != 0) return of_system(path, file.reason());
    if (!S_ISREG(file.status().st_mode)) return failed(path, "is no regular file");
    if ((file.status().st_mode & 077) != 0) {
        return failed(path, "others may read or write it; set its mode to 0600",
                      ErrorKind::refused);
    }
    if (file.status().st_uid != ::geteuid() && file.status().st_uid != 0) {
        return failed(path, "belongs to another user", ErrorKind::refused);
    }
    auto octets = read_whole(file, path, largest_secret_file);
    if (!octets) return octets.error();
    if (!octets->empty() && octets->back() == '\n') octets->pop_back();
    if (octets->empty()) return failed(path, "is empty", ErrorKind::malformed);
    return Secret(std::move(*octets));
}

}  // namespace chorale::runtime
