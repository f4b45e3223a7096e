// Package wire is what the services of the stand-in have in common: calls and how
// they are answered, the record of calls, the faults that strike them, and one lock.
package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Account is the account that calls act for whose access key is not one of 12
// digits, and the one that the methods of AWS are about which name none.
const Account = "123456789012"

// Scope is where things are kept: a region of an account.
type Scope struct{ Account, Region string }

// ARN returns the ARN of what a service keeps there.
func (s Scope) ARN(service, resource string) string {
	return "arn:" + PartitionOf(s.Region) + ":" + service + ":" + s.Region + ":" + s.Account + ":" + resource
}

// PartitionOf returns the partition of a region, as in its ARNs.
func PartitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// Request is one call on its way through.
type Request struct {
	*http.Request
	Service   string // "lambda", "s3", "signer", "ssm", "codeartifact" or "sts"
	Operation string
	Region    string
	AccessKey string
	Payload   []byte   // the body
	Part      []string // variable parts of the path
}

// Handler carries out a call, with the services locked.
type Handler func(*Request) Reply

// Answer carries out a call, up to where the handler refuses it.
func (h Handler) Answer(c *Request) (answer Reply) {
	defer func() {
		switch end := recover().(type) {
		case nil:
		case refusal:
			answer = Reply(end)
		default:
			panic(end)
		}
	}()
	return h(c)
}

// refusal is the answer of a call that was refused, on its way to Answer.
type refusal Reply

// Refuse ends the call with an error in the form of its service. It does not return.
func (c *Request) Refuse(status int, code, format string, args ...any) {
	c.Fail(status, code, fmt.Sprintf(format, args...)).Refuse()
}

// Refuse ends the call with this answer. It does not return.
func (r Reply) Refuse() { panic(refusal(r)) }

// In reads the body of a call in JSON, and refuses another one.
func In[T any](c *Request) (in T) {
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		c.Refuse(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	return in
}

// Route is an operation that a method and a path stand for; "*" is a part of the path
// that varies.
type Route struct {
	Method, Path, Operation string
	Handle                  Handler
}

// Find finds the operation of a call, and returns what carries it out; nil for none.
func (c *Request) Find(routes []Route) Handler {
	path := strings.Split(strings.Trim(c.URL.EscapedPath(), "/"), "/")
	for _, route := range routes {
		if part, fits := match(strings.Split(route.Path, "/"), path); fits && c.Method == route.Method {
			c.Part, c.Operation = part, route.Operation
			return route.Handle
		}
	}
	return nil
}

// match returns the unescaped parts that the pattern leaves open.
func match(pattern, path []string) (open []string, fits bool) {
	if len(pattern) != len(path) {
		return nil, false
	}
	for i, want := range pattern {
		if want != "*" {
			if want != path[i] {
				return nil, false
			}
			continue
		}
		plain, err := url.PathUnescape(path[i])
		if err != nil || plain == "" {
			return nil, false
		}
		open = append(open, plain)
	}
	return open, true
}

// Identify reads service, region and key from the signature's scope:
// "Credential=AKID/20260101/eu-west-1/lambda/aws4_request".
func (c *Request) Identify() {
	scope := c.URL.Query().Get("X-Amz-Credential")
	if _, after, ok := strings.Cut(c.Header.Get("Authorization"), "Credential="); ok {
		scope, _, _ = strings.Cut(after, ",")
	}
	c.Service = "sts" // the one service with a call that is not signed
	if part := strings.Split(scope, "/"); len(part) >= 5 {
		n := len(part)
		c.AccessKey, c.Region, c.Service = part[0], part[n-3], part[n-2]
	}
}

// Account returns whom the call acts for: an access key of 12 digits names it.
func (c *Request) Account() string {
	if len(c.AccessKey) == len(Account) && strings.Trim(c.AccessKey, "0123456789") == "" {
		return c.AccessKey
	}
	return Account
}

// Scope returns the region that the call is about, of the account that it acts for.
func (c *Request) Scope() Scope { return Scope{c.Account(), c.Region} }

// Reply is an answer that has not been sent yet.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send answers a request.
func (r Reply) Send(w http.ResponseWriter, request *http.Request) {
	maps.Copy(w.Header(), r.Header)
	if w.Header().Get("Content-Length") == "" {
		w.Header().Set("Content-Length", fmt.Sprint(len(r.Body)))
	}
	w.WriteHeader(r.Status)
	if request.Method != http.MethodHead {
		_, _ = w.Write(r.Body) // a client that left has no use for the answer
	}
}

// Base64SHA256 returns the digest in the form of AWS.
func Base64SHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Fail answers an error in the form of the call's service.
func (c *Request) Fail(status int, code, message string) Reply {
	header := http.Header{"X-Amzn-Requestid": {"00000000-0000-4000-8000-000000000000"}}
	switch c.Service {
	case "s3":
		return XML(status, header, struct {
			XMLName   xml.Name `xml:"Error"`
			Code      string   `xml:"Code"`
			Message   string   `xml:"Message"`
			RequestID string   `xml:"RequestId"`
		}{Code: code, Message: message, RequestID: "0000000000000000"})
	case "sts":
		type failure struct{ Type, Code, Message string }
		return XML(status, header, struct {
			XMLName   xml.Name `xml:"ErrorResponse"`
			Error     failure
			RequestID string `xml:"RequestId"`
		}{Error: failure{"Sender", code, message}, RequestID: "00000000-0000-4000-8000-000000000000"})
	}
	side := "User"
	if status >= http.StatusInternalServerError {
		side = "Service"
	}
	header.Set("X-Amzn-Errortype", code)
	return JSON(status, header, map[string]string{"Type": side, "message": message})
}

// Invalid is Lambda's answer to a value that its model does not allow.
func (c *Request) Invalid(value, field, constraint string) Reply {
	return c.Fail(http.StatusBadRequest, "ValidationException", fmt.Sprintf(
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, field, constraint))
}

// OK answers 200.
func OK(v any) Reply { return JSON(http.StatusOK, http.Header{}, v) }

// Created answers 201.
func Created(v any) Reply { return JSON(http.StatusCreated, http.Header{}, v) }

// Nothing answers 204.
func Nothing() Reply { return Reply{Status: http.StatusNoContent, Header: http.Header{}} }

// JSON answers a document.
func JSON(status int, header http.Header, v any) Reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only types of these packages come here
	}
	header.Set("Content-Type", "application/json")
	return Reply{Status: status, Header: header, Body: body}
}

// XML answers a document.
func XML(status int, header http.Header, v any) Reply {
	body, err := xml.Marshal(v)
	if err != nil {
		panic(err) // only types of these packages come here
	}
	header.Set("Content-Type", "text/xml")
	return Reply{Status: status, Header: header, Body: append([]byte(xml.Header), body...)}
}
