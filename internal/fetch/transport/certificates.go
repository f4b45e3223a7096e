package transport

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// rootCAs adds the certificates of the files, and those that the environment
// names, to those of the system: the standard library reads SSL_CERT_FILE and
// SSL_CERT_DIR on some systems only, and pip and Node have variables of their
// own. Nil is the system's own pool. What of the environment cannot be read is
// warned of, as it may name more than exists; a file without a certificate is
// an error.
func rootCAs(ctx context.Context, log *slog.Logger, files []string) (*x509.CertPool, error) {
	// The standard library reads this one whatever it is, and a pipe never ends.
	if own := os.Getenv("SSL_CERT_FILE"); own != "" {
		if info, err := os.Stat(own); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			return nil, fmt.Errorf("reading certificates: %q, which SSL_CERT_FILE names, is not a regular file", own)
		}
	}
	named := []string{os.Getenv("SSL_CERT_FILE"), os.Getenv("REQUESTS_CA_BUNDLE"), os.Getenv("NODE_EXTRA_CA_CERTS")}
	named = append(named, filepath.SplitList(os.Getenv("SSL_CERT_DIR"))...)
	var pool *x509.CertPool
	add := func(path string) error {
		if pool == nil {
			var err error
			if pool, err = x509.SystemCertPool(); err != nil {
				return fmt.Errorf("reading the system's certificates: %w", err)
			}
		}
		return addCertificates(pool, path)
	}
	for _, path := range files {
		if err := add(path); err != nil {
			return nil, fmt.Errorf("reading certificates: %w", err)
		}
	}
	var faults []error
	for _, path := range named {
		if path != "" {
			faults = append(faults, add(path))
		}
	}
	if err := errors.Join(faults...); err != nil {
		log.WarnContext(ctx, "reading certificates that the environment names", "error", err)
	}
	return pool, nil
}

// addCertificates adds those of a file, or of the files in a folder.
func addCertificates(pool *x509.CertPool, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		pem, err := filetree.ReadSmall(path, filetree.MaxSettings)
		if err == nil && !pool.AppendCertsFromPEM(pem) {
			err = fmt.Errorf("there is no certificate in %q", path)
		}
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		// A folder may hold revocation lists and notes as well.
		if pem, err := filetree.ReadSmall(filepath.Join(path, entry.Name()), filetree.MaxSettings); err == nil {
			pool.AppendCertsFromPEM(pem)
		}
	}
	return nil
}
