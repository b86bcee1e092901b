"""What do we correct in ministack 1.5.33, so that the local cloud answers as AWS does?

Each patch is one function whose docstring says what upstream does (file:line) and what AWS does.
For each, tests/local/test_patches.py runs the emulator with and without it: the test fails when a
new version makes the patch unnecessary, and when it makes it wrong. The guards are always there.
"""

from collections.abc import Callable

from local.patches import (
    cloudformation,
    condition_keys,
    door,
    events,
    iam,
    iot,
    lambda_functions,
    s3,
    sagemaker,
    step_functions,
)

# Without these it is a way into the machine, also while a test asks what the plain emulator does.
GUARDS: tuple[Callable[[], None], ...] = (
    door.web_pages_are_refused,
    door.only_its_own_key_is_root,
    door.the_owner_must_sign_as_well,
    door.keys_of_functions_cannot_be_guessed,
    iot.the_broker_listens_on_loopback_only,
)

PATCHES: tuple[Callable[[], None], ...] = (
    sagemaker.sagemaker_exists,
    lambda_functions.failures_carry_the_exception_class,
    lambda_functions.queues_are_read_in_windows_and_large_batches,
    lambda_functions.idle_workers_are_all_given_back,
    step_functions.throttled_functions_have_their_error_name,
    step_functions.nested_executions_have_their_error_names,
    step_functions.starting_the_same_execution_again_is_no_error,
    step_functions.state_machines_time_out,
    step_functions.ended_executions_stay_as_they_ended,
    step_functions.states_hold_no_more_than_256_kib,
    s3.versions_stay_on_disk,
    cloudformation.buckets_get_encryption_lifecycle_and_tags,
    cloudformation.functions_get_reserved_concurrency_and_dead_letter_queue,
    cloudformation.tables_get_recovery_and_time_to_live,
    events.a_minute_of_a_schedule_lasts_as_long_as_asked,
    events.targets_must_permit_eventbridge,
    iot.the_broker_asks_for_a_certificate,
    iam.loopback_counts_as_tls,
    iam.state_machines_act_as_their_role,
    iam.roles_are_passed_only_by_those_who_may,
    iam.event_source_mappings_read_as_the_function,
    iam.requests_to_kms_say_how_they_sign,
    condition_keys.requests_to_tables_say_which_item,
    condition_keys.writes_to_buckets_say_whether_they_replace,
    sagemaker.state_machines_run_training_jobs,
)


def guard() -> None:
    for close in GUARDS:
        close()


def apply_all() -> None:
    for patch in PATCHES:
        patch()
