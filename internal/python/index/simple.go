package index

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// simpleAccept asks for JSON first, then the HTML of old indexes.
const simpleAccept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

// File is one distribution file on a project's page (PEP 503, 691, 700).
type File struct {
	Filename       string // as written: "numpy-2.0.0-cp312-cp312-manylinux_2_17_x86_64.whl"
	url            string // as written, maybe relative to the page
	SHA256         string // hexadecimal, "" where the index gives none
	Size           int64  // bytes, 0 where the index gives none
	RequiresPython string // "" : any
	Uploaded       string // RFC 3339, "" where the index gives none
	Yanked         bool
	yankReason     string // "" where the index gives none
	metadata       bool   // the file has a PEP 658 companion
	metadataSHA256 string // of the companion, hexadecimal, "" where not given
	linked         bool   // it is on no index, and url is its address, "" on disk
	Path           string // on disk, or ""
	Source         string // who gives a file that is on no index
	// StandIn marks the wheels of Spec.Given: on a target that one of them fits, no
	// other file of the project is a candidate.
	StandIn bool
}

// parseSimple reads a project's page in the form that contentType names. Nobody may
// change the body afterwards. The
// second result is the address that relative links start from, if the page
// names another than its own.
func parseSimple(body []byte, contentType string) ([]File, string, error) {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.TrimSpace(strings.ToLower(kind)) {
	case "application/vnd.pypi.simple.v1+json", "application/json":
		files, err := parseSimpleJSON(body)
		return files, "", err
	case "application/vnd.pypi.simple.v1+html", "text/html", "application/xhtml+xml", "":
		return parseSimpleHTML(string(body))
	}
	return nil, "", fmt.Errorf("reading the index page: content type %q is neither PEP 691 JSON nor HTML", contentType)
}

func parseSimpleJSON(text []byte) ([]File, error) {
	s := jsonscan.NewScanner(text)
	var files []File
	found := false
	err := s.Object(func(key string) error {
		switch key {
		case "meta":
			return s.Object(func(key string) error {
				if key != "api-version" {
					return s.Skip()
				}
				version, err := s.Optional()
				if err == nil && !strings.HasPrefix(version, "1.") {
					err = fmt.Errorf("index API version %q is not 1.x", version)
				}
				return err
			})
		case "files":
			found = true
			// A file takes 300 bytes or more: one allocation for most pages, however
			// often the member comes.
			if files == nil {
				files = make([]File, 0, len(text)/400+1)
			}
			files = files[:0]
			return s.Array(func() error {
				f, err := parseFileJSON(s)
				files = append(files, f)
				return cmp.Or(err, checkFiles(files))
			})
		}
		return s.Skip()
	})
	if err != nil {
		return nil, fmt.Errorf("reading the index page: %w", err)
	}
	if !found {
		return nil, errors.New(`reading the index page: no "files" in it`)
	}
	return files, nil
}

func parseFileJSON(s *jsonscan.Scanner) (f File, err error) {
	err = s.Object(func(key string) (err error) {
		switch key {
		case "filename":
			f.Filename, err = s.String()
		case "url":
			f.url, err = s.String()
		case "size":
			f.Size, err = s.Number()
		case "upload-time":
			f.Uploaded, err = s.Optional()
		case "requires-python":
			f.RequiresPython, err = s.Optional()
		case "hashes":
			f.SHA256, err = scanSHA256(s)
		case "yanked":
			if s.Peek() == '"' {
				f.yankReason, err = s.String()
				f.Yanked = true
			} else {
				f.Yanked, err = scanFlag(s)
			}
		case "core-metadata", "data-dist-info-metadata", "dist-info-metadata":
			if f.metadata && key != "core-metadata" {
				return s.Skip()
			}
			if s.Peek() == '{' {
				f.metadata = true
				f.metadataSHA256, err = scanSHA256(s)
			} else {
				f.metadata, err = scanFlag(s)
			}
		default:
			err = s.Skip()
		}
		return err
	})
	return f, err
}

// scanSHA256 reads the member "sha256" of an object of hashes.
func scanSHA256(s *jsonscan.Scanner) (digest string, err error) {
	if s.Peek() != '{' {
		return "", s.Skip()
	}
	err = s.Object(func(key string) (err error) {
		if key != "sha256" {
			return s.Skip()
		}
		digest, err = s.Optional()
		return err
	})
	return digest, err
}

// scanFlag reads a value that may be a reason: false and null are no, all else yes.
func scanFlag(s *jsonscan.Scanner) (bool, error) {
	c := s.Peek()
	return c != 'f' && c != 'n', s.Skip()
}

// checkFiles refuses a page with more files than any project has.
func checkFiles(files []File) error {
	return filetree.CheckLimit("the page", "files or more", len(files), filetree.MaxPageFiles)
}

func parseSimpleHTML(text string) ([]File, string, error) {
	tokens := html.NewTokenizer(strings.NewReader(text))
	var files []File
	base, markup := "", false
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if !markup { // an empty answer is not a project without files
				return nil, "", errors.New("reading the index page: it is empty, or has no HTML")
			}
			return files, base, nil
		case html.DoctypeToken:
			markup = true
		case html.StartTagToken, html.SelfClosingTagToken:
			markup = true
			token := tokens.Token()
			switch token.Data {
			case "base":
				if href := attribute(token, "href"); href != "" && base == "" {
					base = href
				}
			case "a":
				f, ok := parseAnchor(token)
				if !ok {
					continue
				}
				if files = append(files, f); len(files) > filetree.MaxPageFiles {
					return nil, "", checkFiles(files)
				}
			}
		}
	}
}

// parseAnchor reads one link. The file name is the last element of its path:
// the text of the link may be shortened.
func parseAnchor(a html.Token) (File, bool) {
	link, err := url.Parse(strings.TrimSpace(attribute(a, "href")))
	if err != nil {
		return File{}, false
	}
	name := link.Path[strings.LastIndexByte(link.Path, '/')+1:]
	if name == "" {
		return File{}, false
	}
	f := File{Filename: name, SHA256: fragmentSHA256(link.Fragment), RequiresPython: attribute(a, "data-requires-python")}
	link.Fragment = ""
	f.url = link.String()
	for _, attr := range a.Attr {
		switch attr.Key {
		case "data-yanked":
			f.Yanked, f.yankReason = true, attr.Val
		case "data-core-metadata", "data-dist-info-metadata":
			f.metadata = attr.Val != "false"
			if digest := fragmentSHA256(attr.Val); digest != "" {
				f.metadataSHA256 = digest
			}
		}
	}
	return f, true
}

func attribute(t html.Token, key string) string {
	for _, attr := range t.Attr {
		if attr.Key == key {
			return attr.Val
		}
	}
	return ""
}

// fragmentSHA256 returns the digest of a "sha256=…" among the parts of a URL
// fragment or of a metadata attribute, or "".
func fragmentSHA256(fragment string) string {
	for part := range strings.SplitSeq(fragment, "&") {
		if digest, ok := strings.CutPrefix(part, "sha256="); ok {
			if _, err := store.ParseDigest(digest); err == nil {
				return strings.ToLower(digest)
			}
		}
	}
	return ""
}
