#include "common/runtime/atomic_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace chorale::runtime {
namespace {

Error failed(const std::string& path, const char* doing, int reason) {
    return {ErrorKind::storage,
            path + ": " + doing + ": " + std::system_category().message(reason)};
}

bool write_all(int descriptor, BytesView octets) {
    while (!octets.empty()) {
        const auto sent = ::write(descriptor, octets.data(), octets.size());
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        octets = octets.subspan(static_cast<std::size_t>(sent));
    }
    return true;
}

// Opened before anything is done in it: what cannot be synced is not begun.
class OpenDirectory {
public:
    explicit OpenDirectory(std::string path)
        : path_(path.empty() ? "." : std::move(path)),
          descriptor_(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
          reason_(descriptor_ < 0 ? errno : 0) {}
    OpenDirectory(const OpenDirectory&) = delete;
    OpenDirectory& operator=(const OpenDirectory&) = delete;
    ~OpenDirectory() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    Result<void> opened() const {
        if (descriptor_ < 0) return failed(path_, "open", reason_);
        return success();
    }
    Result<void> sync() const {
        if (::fsync(descriptor_) != 0) return failed(path_, "sync", errno);
        return success();
    }

private:
    std::string path_;
    int descriptor_;
    int reason_;  // errno of opening
};

// Takes its final name; errno on failure.
using Naming = bool (*)(const char* beside, const char* path);

bool replace(const char* beside, const char* path) { return ::rename(beside, path) == 0; }

// rename() would replace; a second name does not.
bool name_anew(const char* beside, const char* path) {
    if (::link(beside, path) != 0) return false;
    ::unlink(beside);
    return true;
}

Result<void> write_beside(const std::string& path, BytesView octets, unsigned mode, Naming naming) {
    const OpenDirectory directory(std::filesystem::path(path).parent_path().string());
    if (const auto opened = directory.opened(); !opened) return opened;
    // mkostemp() creates it with 0600 under a name that nobody can foresee.
    std::string beside = path + ".XXXXXX";
    const int descriptor = ::mkostemp(beside.data(), O_CLOEXEC);
    if (descriptor < 0) return failed(path, "create a file beside it", errno);
    const char* doing = "write";
    bool is_done = write_all(descriptor, octets);
    if (is_done) {
        doing = "set its mode";
        is_done = ::fchmod(descriptor, mode) == 0;
    }
    if (is_done) {
        doing = "sync";
        is_done = ::fsync(descriptor) == 0;
    }
    int reason = is_done ? 0 : errno;
    if (::close(descriptor) != 0 && is_done) {
        is_done = false;
        reason = errno;
    }
    if (is_done) {
        doing = "rename";
        is_done = naming(beside.c_str(), path.c_str());
        if (!is_done) reason = errno;
    }
    if (!is_done) {
        ::unlink(beside.c_str());
        if (reason == EEXIST) return Error(ErrorKind::conflict, path + ": exists already");
        return failed(path, doing, reason);
    }
    const auto lasting = directory.sync();
    // What a power cut might take away was not created; what it replaced cannot be had back.
    if (!lasting && naming == name_anew) ::unlink(path.c_str());
    return lasting;
}

}  // namespace

Result<void> write_file_atomically(const std::string& path, BytesView octets, unsigned mode) {
    return write_beside(path, octets, mode, replace);
}

Result<void> create_file_atomically(const std::string& path, BytesView octets, unsigned mode) {
    return write_beside(path, octets, mode, name_anew);
}

Result<void> sync_directory(const std::string& directory) {
    const OpenDirectory open(directory);
    if (const auto opened = open.opened(); !opened) return opened;
    return open.sync();
}

}  // namespace chorale::runtime
