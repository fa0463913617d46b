#include "msa/app/key_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "common/base/encoding.hpp"
#include "common/crypto/private_key.hpp"
#include "common/runtime/atomic_file.hpp"
#include "common/runtime/files.hpp"

namespace chorale::msa {
namespace {

Error of_system(const std::string& path, int reason) {
    return {ErrorKind::storage, path + ": " + std::system_category().message(reason)};
}

Result<void> make_directory(const std::string& directory) {
    if (::mkdir(directory.c_str(), 0700) == 0) {
        const auto parent = std::filesystem::absolute(directory).parent_path();
        return runtime::sync_directory(parent.string());
    }
    if (errno != EEXIST) return of_system(directory, errno);
    struct stat status{};
    if (::stat(directory.c_str(), &status) != 0) return of_system(directory, errno);
    if (!S_ISDIR(status.st_mode)) {
        return Error(ErrorKind::storage, directory + ": expected a directory");
    }
    // Who may write into it may put a key of his own in the place of ours.
    if ((status.st_mode & 022) != 0) {
        return Error(ErrorKind::refused,
                     directory + ": others may write into it; set its mode to 0700");
    }
    return success();
}

// So that the common case is told before anything is done; create_file_atomically()
// is what keeps the promise.
Result<void> check_is_new(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0) {
        return Error(ErrorKind::conflict, path + ": exists already");
    }
    if (errno != ENOENT) return of_system(path, errno);
    return success();
}

struct NewFile {
    Secret octets;
    MadeKey made;
};

Result<NewFile> make_sig0_file(const KeyRequest& request) {
    const auto key = crypto::make_private_key(request.algorithm);
    if (!key) return key.error();
    Secret pem = crypto::to_pem(**key);
    const auto read = crypto::sig0_key_from_pem(dns::Name(), pem);
    if (!read) return read.error();
    const bool is_ed25519 = request.algorithm == crypto::Sig0Algorithm::ed25519;
    std::string what = is_ed25519 ? "ED25519" : "ECDSAP256SHA256";
    what += ", key tag " + std::to_string(read->tag());
    return NewFile{std::move(pem), {path_of(request.directory, KeyFile::sig0), std::move(what)}};
}

Result<NewFile> make_tls_file(const KeyRequest& request, Instant now) {
    const std::string host = request.identity ? to_host_text(request.identity->api_host()) : "";
    auto pem = crypto::make_tls_pem(host, now);
    if (!pem) return pem.error();
    const auto pin = crypto::public_key_pin(*pem);
    if (!pin) return pin.error();
    return NewFile{std::move(*pem),
                   {path_of(request.directory, KeyFile::tls), "P-256, TLSA 3 1 1 " + to_hex(*pin)}};
}

Result<std::vector<NewFile>> make_files(const KeyRequest& request, Instant now) {
    std::vector<NewFile> files;
    if (request.only != KeyFile::tls) {
        auto file = make_sig0_file(request);
        if (!file) return file.error();
        files.push_back(std::move(*file));
    }
    if (request.only != KeyFile::sig0) {
        auto file = make_tls_file(request, now);
        if (!file) return file.error();
        files.push_back(std::move(*file));
    }
    return files;
}

}  // namespace

std::string path_of(const std::string& directory, KeyFile file) {
    return (std::filesystem::path(directory) / (file == KeyFile::sig0 ? "sig0.pem" : "tls.pem"))
        .string();
}

Result<std::vector<MadeKey>> make_keys(const KeyRequest& request, Instant now) {
    if (const auto made = make_directory(request.directory); !made) return made.error();
    auto files = make_files(request, now);
    if (!files) return files.error();
    for (const NewFile& file : *files) {
        if (const auto is_new = check_is_new(file.made.path); !is_new) return is_new.error();
    }
    std::vector<MadeKey> done;
    for (NewFile& file : *files) {
        const auto written = runtime::create_file_atomically(file.made.path, file.octets.reveal());
        if (!written) {
            // Nobody has been told of them yet.
            for (const MadeKey& made : done) ::unlink(made.path.c_str());
            return written.error();
        }
        done.push_back(std::move(file.made));
    }
    return done;
}

Result<crypto::Sig0Key> read_sig0_key(const std::string& directory, const Identity& identity) {
    const std::string path = path_of(directory, KeyFile::sig0);
    const auto pem = runtime::read_secret_file(path);
    if (!pem) return pem.error();
    auto key = crypto::sig0_key_from_pem(identity.dns_host(), *pem);
    if (!key) return key.error().in(path);
    return key;
}

Result<crypto::Sha256> read_tls_pin(const std::string& directory) {
    const std::string path = path_of(directory, KeyFile::tls);
    const auto pem = runtime::read_secret_file(path);
    if (!pem) return pem.error();
    auto pin = crypto::public_key_pin(*pem);
    if (!pin) return pin.error().in(path);
    return pin;
}

}  // namespace chorale::msa
