package indextest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"time"
)

const jsonType = "application/vnd.pypi.simple.v1+json"

// serve answers a request and notes it.
func (i *Index) serve(w http.ResponseWriter, r *http.Request) {
	if i.config.delay > 0 {
		select {
		case <-time.After(i.config.delay):
		case <-r.Context().Done():
			return
		}
	}
	user, password, _ := r.BasicAuth()
	asked := r.URL.Path
	noted := &statusWriter{ResponseWriter: w}
	defer func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.log = append(i.log, Request{
			Path: asked, Range: r.Header.Get("Range"), Accept: r.Header.Get("Accept"), User: user, Status: noted.status,
		})
	}()
	if i.config.fault != nil && i.config.fault(noted, r) {
		return
	}
	if i.config.guard != nil && !i.config.guard(r) {
		http.Error(noted, "who are you?", http.StatusUnauthorized)
		return
	}
	if i.config.user != "" && (user != i.config.user || password != i.config.password) {
		noted.Header().Set("WWW-Authenticate", `Basic realm="indextest"`)
		http.Error(noted, "who are you?", http.StatusUnauthorized)
		return
	}
	path, below := strings.CutPrefix(r.URL.Path, i.config.path)
	if !below {
		http.NotFound(noted, r)
		return
	}
	r.URL.Path = path
	switch {
	case r.URL.Path == "/simple/":
		i.serveNames(noted, r)
	case strings.HasPrefix(r.URL.Path, "/simple/"):
		i.serveProject(noted, r)
	case strings.HasPrefix(r.URL.Path, "/files/"):
		i.serveFile(noted, r)
	default:
		http.NotFound(noted, r)
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (i *Index) wantsJSON(r *http.Request) bool {
	return !i.config.htmlOnly && strings.Contains(r.Header.Get("Accept"), jsonType)
}

func (i *Index) serveNames(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	var names []string
	for name := range i.projects {
		names = append(names, name)
	}
	i.mu.Unlock()
	slices.Sort(names)
	if !i.wantsJSON(r) {
		var b bytes.Buffer
		b.WriteString("<!DOCTYPE html>\n<html><body>\n")
		for _, name := range names {
			fmt.Fprintf(&b, "<a href=\"%s/simple/%s/\">%s</a><br>\n", i.config.path, name, name)
		}
		b.WriteString("</body></html>\n")
		i.servePage(w, r, "text/html; charset=utf-8", b.Bytes())
		return
	}
	type named struct {
		Name string `json:"name"`
	}
	projects := []named{}
	for _, name := range names {
		projects = append(projects, named{name})
	}
	i.serveJSON(w, r, map[string]any{"meta": apiVersion(), "projects": projects})
}

func (i *Index) serveProject(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/simple/")
	if clean := normalise(strings.TrimSuffix(name, "/")) + "/"; clean != name {
		http.Redirect(w, r, i.config.path+"/simple/"+clean, http.StatusMovedPermanently)
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
		i.serveJSON(w, r, projectJSON(p.name, files, i.base()))
	default:
		i.servePage(w, r, "text/html; charset=utf-8", projectHTML(p.name, files))
	}
}

func apiVersion() map[string]string { return map[string]string{"api-version": "1.1"} }

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
		if f.yanked != nil {
			entry["yanked"] = yankedValue(*f.yanked)
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
	return map[string]any{"meta": apiVersion(), "name": name, "versions": versions, "files": list}
}

// yankedValue is the reason of a yank, or true when it has none.
func yankedValue(reason string) any {
	if reason == "" {
		return true
	}
	return reason
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

func (i *Index) serveJSON(w http.ResponseWriter, r *http.Request, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	i.servePage(w, r, jsonType, body)
}

// servePage sends a page with an ETag, in gzip where that is accepted.
func (i *Index) servePage(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	tag := `"` + hexSum(body)[:16] + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Vary", "Accept, Accept-Encoding")
	h.Set("Cache-Control", fmt.Sprintf("max-age=%d, public", int(i.config.maxAge/time.Second)))
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
	if i.config.withoutRanges {
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
