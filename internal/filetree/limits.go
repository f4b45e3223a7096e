package filetree

import "fmt"

// The limits of documents that are read whole. Each is about three times what the
// largest real document needs, or more where registries differ. Measured in November
// 2026:
//
//	document          the largest ones                            bytes, items
//	index page        the largest known                           20 MB
//	                  pydantic-core, of 34 popular projects       6.9 MB, 15,057 files
//	                  grpcio-tools                                5.1 MB, 11,547 files
//	                  grpcio                                      4.9 MB, 11,282 files
//	                  botocore                                    2.0 MB,  4,990 files
//	                  numpy                                       1.9 MB,  4,415 files
//	                  awscli                                      1.9 MB,  4,866 files
//	                  boto3                                       1.7 MB,  4,318 files
//	                  homeassistant                               1.3 MB,  3,264 files
//	                  tf-nightly                                  1.1 MB,  2,388 files
//	                  ray, tensorflow, torch                      below 0.9 MB
//	npm's document    next                                        21.0 MB, 2,627 versions
//	                  typescript                                  10.5 MB, 3,478 versions
//	                  @types/node                                 9.4 MB,  2,349 versions
//	                  aws-sdk                                     7.8 MB,  1,930 versions
//	                  renovate                                    5.5 MB,    546 versions
//	                  webpack                                     4.5 MB,    893 versions
//	                  @aws-sdk/client-s3                          3.4 MB,    776 versions
//	                  electron                                    1.3 MB,  1,404 versions
//	lock file         the largest seen, of npm                    20 MB
//	                  60,000 packages of Yarn, made for a test    4.2 MB
//
// Memory: 48 requests at once hold at most 4 MiB each, but for four that may hold a
// whole document (package fetch). The process that asked for 48 of these pages at once,
// 110 MiB, took 180 MiB at its peak; for 48 of npm's documents, 362 MiB, 412 MiB; and
// for 48 times next, 961 MiB, 666 MiB.
const (
	// MaxDocument bounds a lock file, a manifest and a requirements file, in bytes.
	MaxDocument = 64 << 20
	// MaxYAML bounds a document in YAML, in bytes: its reader takes a second for
	// 4 MB.
	MaxYAML = 24 << 20
	// MaxPage bounds a page of an index in bytes, MaxPageFiles in files.
	MaxPage      = 64 << 20
	MaxPageFiles = 150_000
	// MaxPackument bounds a registry's document of a package in bytes,
	// MaxPackumentVersions in versions. The documents above may lack old versions of
	// some packages; full documents are several times as long.
	MaxPackument         = 128 << 20
	MaxPackumentVersions = 30_000
	// MaxSettings bounds a file of settings, such as netrc, in bytes.
	MaxSettings = 4 << 20
)

// LimitError is a document that has more of something than is read.
type LimitError struct {
	// What names the document in a sentence, such as `the page`; "" where the
	// message around the error does.
	What string
	// Unit is what is counted, such as "bytes".
	Unit         string
	Found, Limit int64
}

func (e *LimitError) Error() string {
	what := e.What
	if what == "" {
		what = "it"
	}
	return fmt.Sprintf("%s has %d %s, and %d are read at most", what, e.Found, e.Unit, e.Limit)
}

// CheckLimit returns a *LimitError where more was found than the limit, else nil.
func CheckLimit(what, unit string, found, limit int) error {
	if found <= limit {
		return nil
	}
	return &LimitError{What: what, Unit: unit, Found: int64(found), Limit: int64(limit)}
}
