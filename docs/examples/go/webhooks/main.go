// Receives the gateway's webhooks.
//
//	WEBHOOK_SECRET=whsec_… PORT=4000 go run ./webhooks
//
// The module github.com/standard-webhooks/standard-webhooks/libraries does what refusal does here.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	tolerance = 5 * time.Minute
	bodyMax   = 1 << 20
)

type event struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data struct {
		Order struct {
			Reference string `json:"reference"`
		} `json:"order"`
	} `json:"data"`
}

// refusal says why this is not a webhook of the gateway's; nil when it is one.
func refusal(key []byte, header http.Header, body []byte) error {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return errors.New("a header is missing")
	}
	if age := time.Since(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return errors.New("sent too long ago, or in the future")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(body)
	right := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, signature := range strings.Fields(header.Get("webhook-signature")) { // several while a secret rotates
		if hmac.Equal(right, []byte(signature)) { // in constant time
			return nil
		}
	}
	return errors.New("no signature is right")
}

// act is what the shop does. Short: what is slow (mail, stock, invoices) goes to a queue of its own.
func act(kind string) string {
	switch kind {
	case "order.paid":
		return "deliver"
	case "order.paid_late":
		return "paid after its time: deliver, or give the money back"
	case "order.review_required":
		return "money is there, but not as ordered: do not deliver, ask finance"
	}
	return "noted"
}

type receiver struct {
	key  []byte
	seen sync.Map // by event id; in a shop: a row with a unique key, in the transaction of the work
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, bodyMax)) // the raw bytes
	if err == nil {
		err = refusal(r.key, request.Header, body)
	}
	var told event
	if err == nil {
		err = json.Unmarshal(body, &told)
	}
	if err != nil {
		log.Printf("refused: %v", err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	outcome := "known already" // a webhook may come twice
	if _, known := r.seen.LoadOrStore(told.ID, true); !known {
		outcome = act(told.Type)
	}
	log.Printf("%s %s %s: %s", told.Type, told.Data.Order.Reference, told.ID, outcome)
	w.WriteHeader(http.StatusNoContent) // anything but 2xx, or more than 15 s, and it comes again
}

func main() {
	secret := strings.TrimPrefix(os.Getenv("WEBHOOK_SECRET"), "whsec_")
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil || len(key) == 0 {
		log.Fatal("WEBHOOK_SECRET is not whsec_ and base64")
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "4000"
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, &receiver{key: key}))
}
