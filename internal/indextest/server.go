package indextest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// Request is what a server was asked for.
type Request struct {
	// Path is the path of the URL, and Range and Accept the headers.
	Path, Range, Accept string
	// User is the user name of basic authentication, or "token …" of a bearer.
	User string
	// Status is the answer.
	Status int
}

// server is what an [Index] and an [NPM] have in common.
type server struct {
	config
	listener *httptest.Server

	mu  sync.Mutex
	log []Request
}

func (s *server) configure(opts []Option) {
	for _, o := range opts {
		o(&s.config)
	}
}

// start serves what answer answers, to those who have the credentials that are wanted.
func (s *server) start(challenge string, answer http.HandlerFunc) {
	s.listener = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.delay > 0 {
			select {
			case <-time.After(s.delay):
			case <-r.Context().Done():
				return
			}
		}
		noted := &statusWriter{ResponseWriter: w}
		defer s.note(r.URL.Path, r, noted)
		switch {
		case s.fault != nil && s.fault(noted, r):
		case !s.admits(r):
			noted.Header().Set("WWW-Authenticate", challenge)
			http.Error(noted, "who are you?", http.StatusUnauthorized)
		default:
			answer(noted, r)
		}
	}))
	// A client that refuses the certificate is no news.
	s.listener.Config.ErrorLog = log.New(io.Discard, "", 0)
	if s.tls {
		s.listener.EnableHTTP2 = true
		s.listener.StartTLS()
	} else {
		s.listener.Start()
	}
}

// admits reports whether the credentials are the ones that are wanted.
func (s *server) admits(r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	switch {
	case s.guard != nil && !s.guard(r):
		return false
	case s.token != "":
		return r.Header.Get("Authorization") == "Bearer "+s.token
	}
	return s.user == "" || user == s.user && password == s.password
}

func (s *server) note(path string, r *http.Request, noted *statusWriter) {
	user, _, _ := r.BasicAuth()
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		user = "token " + token
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, Request{Path: path, Range: r.Header.Get("Range"), Accept: r.Header.Get("Accept"), User: user, Status: noted.status})
}

// Close stops the server.
func (s *server) Close() { s.listener.Close() }

// Transport returns a transport that trusts the certificate.
func (s *server) Transport() http.RoundTripper { return s.listener.Client().Transport }

// Requests returns what the server was asked for, in the order of the answers.
func (s *server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Forget empties the log of requests.
func (s *server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
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
