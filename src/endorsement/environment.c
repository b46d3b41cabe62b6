/* SPDX-License-Identifier: Apache-2.0 */
#include "endorsement/environment.h"

#include "base/span.h"

bool atls_tagged_equal(const struct atls_tagged *a, const struct atls_tagged *b)
{
    return a->tag == b->tag && (a->tag == 0 || atls_bytes_equal(a->octets, b->octets));
}

static bool tagged_matches(const struct atls_tagged *condition, const struct atls_tagged *evidence)
{
    return condition->tag == 0 || atls_tagged_equal(condition, evidence);
}

static bool text_matches(bool stated, struct atls_bytes condition, bool said,
                         struct atls_bytes evidence)
{
    return !stated || (said && atls_bytes_equal(condition, evidence));
}

static bool number_matches(bool stated, uint64_t condition, bool said, uint64_t evidence)
{
    return !stated || (said && condition == evidence);
}

static bool says_something(const struct atls_environment *c, enum atls_labels labels)
{
    const bool has_label = labels == ATLS_LABELS_COMPARED && (c->has_vendor || c->has_model);
    return has_label || c->has_layer || c->has_index || c->class_id.tag != 0 ||
           c->instance.tag != 0 || c->group.tag != 0;
}

bool atls_environment_matches(const struct atls_environment *c, const struct atls_environment *e,
                              enum atls_labels labels)
{
    if (labels == ATLS_LABELS_COMPARED &&
        !(text_matches(c->has_vendor, c->vendor, e->has_vendor, e->vendor) &&
          text_matches(c->has_model, c->model, e->has_model, e->model))) {
        return false;
    }
    return says_something(c, labels) && tagged_matches(&c->class_id, &e->class_id) &&
           number_matches(c->has_layer, c->layer, e->has_layer, e->layer) &&
           number_matches(c->has_index, c->index, e->has_index, e->index) &&
           tagged_matches(&c->instance, &e->instance) && tagged_matches(&c->group, &e->group);
}
