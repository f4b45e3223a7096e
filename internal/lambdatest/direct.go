package lambdatest

import (
	"io"
	"net/http"
	"net/http/httptest"
)

// Unserved returns an AWS without a server: it answers through Do alone, and
// needs no Close. Its URL leads nowhere.
func Unserved() *AWS {
	return &AWS{
		url:       "http://aws.invalid",
		regions:   map[scope]*region{},
		buckets:   map[string]*bucket{},
		downloads: map[string][]byte{},
		sessions:  map[string]bool{},
	}
}

// Do answers a request without a connection, so that it works on any clock: it
// is an SDK's HTTP client. A fault that cuts the connection is
// io.ErrUnexpectedEOF.
func (a *AWS) Do(request *http.Request) (answer *http.Response, err error) {
	defer func() {
		if fault := recover(); fault == http.ErrAbortHandler { //nolint:errorlint // recover returns the value itself
			answer, err = nil, io.ErrUnexpectedEOF
		} else if fault != nil {
			panic(fault)
		}
	}()
	served := request.Clone(request.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	a.ServeHTTP(recorder, served)
	return recorder.Result(), nil
}
