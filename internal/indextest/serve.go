package indextest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const jsonType = "application/vnd.pypi.simple.v1+json"

func (i *Index) serve(w http.ResponseWriter, r *http.Request) {
	path, below := strings.CutPrefix(r.URL.Path, i.path)
	r.URL.Path = path
	switch {
	case below && path == "/simple/":
		i.serveNames(w, r)
	case below && strings.HasPrefix(path, "/simple/"):
		i.serveProject(w, r)
	case below && strings.HasPrefix(path, "/files/"):
		i.serveFile(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (i *Index) wantsJSON(r *http.Request) bool {
	return !i.htmlOnly && strings.Contains(r.Header.Get("Accept"), jsonType)
}

// serveNames lists all projects, in HTML.
func (i *Index) serveNames(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	names := slices.Sorted(maps.Keys(i.projects))
	i.mu.Unlock()
	var b bytes.Buffer
	b.WriteString("<!DOCTYPE html>\n<html><body>\n")
	for _, name := range names {
		fmt.Fprintf(&b, "<a href=\"%s/simple/%s/\">%s</a><br>\n", i.path, name, name)
	}
	b.WriteString("</body></html>\n")
	i.servePage(w, r, "text/html; charset=utf-8", b.Bytes())
}

func (i *Index) serveProject(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/simple/")
	if clean := normalise(strings.TrimSuffix(name, "/")) + "/"; clean != name {
		http.Redirect(w, r, i.path+"/simple/"+clean, http.StatusMovedPermanently)
		return
	}
	i.mu.Lock()
	p := i.projects[strings.TrimSuffix(name, "/")]
	var files []*file
	if p != nil {
		files = slices.Clone(p.files)
	}
	i.mu.Unlock()
	switch {
	case p == nil:
		http.NotFound(w, r)
	case i.wantsJSON(r):
		body, err := json.Marshal(projectJSON(p.name, files, i.base()))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		i.servePage(w, r, jsonType, body)
	default:
		i.servePage(w, r, "text/html; charset=utf-8", projectHTML(p.name, files))
	}
}

func projectJSON(name string, files []*file, base string) any {
	list, versions := []map[string]any{}, []string{}
	for _, f := range files {
		entry := map[string]any{
			"filename": f.name, "url": base + f.path(), "size": len(f.content),
			"hashes": map[string]string{"sha256": f.sha256}, "yanked": false,
		}
		if f.python != "" {
			entry["requires-python"] = f.python
		}
		if f.uploaded != "" {
			entry["upload-time"] = f.uploaded
		}
		switch {
		case f.yanked != nil && *f.yanked == "":
			entry["yanked"] = true
		case f.yanked != nil:
			entry["yanked"] = *f.yanked
		}
		if f.metadata != nil {
			hashes := map[string]string{"sha256": hexSum(f.metadata)}
			entry["core-metadata"], entry["data-dist-info-metadata"] = hashes, hashes
		}
		list = append(list, entry)
		if version := strings.Split(strings.TrimSuffix(f.name, ".tar.gz"), "-")[1]; !slices.Contains(versions, version) {
			versions = append(versions, version)
		}
	}
	return map[string]any{"meta": map[string]string{"api-version": "1.1"}, "name": name, "versions": versions, "files": list}
}

// projectHTML links to files relative to the page, as many indexes do.
func projectHTML(name string, files []*file) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.1\"><title>Links for %s</title></head>\n<body>\n", name)
	for _, f := range files {
		fmt.Fprintf(&b, "<a href=\"../..%s#sha256=%s\"", html.EscapeString(f.path()), f.sha256)
		if f.python != "" {
			fmt.Fprintf(&b, " data-requires-python=\"%s\"", html.EscapeString(f.python))
		}
		if f.yanked != nil {
			fmt.Fprintf(&b, " data-yanked=\"%s\"", html.EscapeString(*f.yanked))
		}
		if f.metadata != nil {
			sum := hexSum(f.metadata)
			fmt.Fprintf(&b, " data-core-metadata=\"sha256=%s\" data-dist-info-metadata=\"sha256=%s\"", sum, sum)
		}
		fmt.Fprintf(&b, ">%s</a><br>\n", html.EscapeString(f.name))
	}
	b.WriteString("</body></html>\n")
	return b.Bytes()
}

// servePage sends a page with an ETag, in gzip where that is accepted.
func (s *server) servePage(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	tag := `"` + hexSum(body)[:16] + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Vary", "Accept, Accept-Encoding")
	h.Set("Cache-Control", fmt.Sprintf("max-age=%d, public", int(s.maxAge/time.Second)))
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", contentType)
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = w.Write(body)
		return
	}
	h.Set("Content-Encoding", "gzip")
	g := gzip.NewWriter(w)
	_, _ = g.Write(body)
	_ = g.Close() // a client that has gone is no fault of the index
}

func (i *Index) serveFile(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	name, isMetadata := strings.CutSuffix(name, ".metadata")
	i.mu.Lock()
	f := i.files[name]
	i.mu.Unlock()
	if f == nil || f.path() != strings.TrimSuffix(r.URL.Path, ".metadata") || isMetadata && f.metadata == nil {
		http.NotFound(w, r)
		return
	}
	content := f.content
	if isMetadata {
		content = f.metadata
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "max-age=365000000, immutable, public")
	w.Header().Set("ETag", `"`+hexSum(content)[:16]+`"`)
	if i.withoutRanges {
		_, _ = w.Write(content)
		return
	}
	http.ServeContent(w, r, "", zipTime, bytes.NewReader(content))
}

// path is the address of the file on its server.
func (f *file) path() string { return "/files/" + f.sha256[:12] + "/" + f.name }

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
