"""What happens from "something changed" to "a better model is released"?
The whole retraining, top to bottom.

Take snapshot → Inspect new images → Assemble data set
→ Anything new?     no → Nothing new
→ Blocked?          yes → Blocked
→ Enough to train?  folders one level too deep → Wrong folders;  no → Too few images
→ Trained already?  yes → Take the trained model → Report suspicious labels …
                    elsewhere → Take the imported model → Train …
→ Train             fails → Choose machine → Which fault?   another machine → Train
                                                            none is free → No machine free
                    a picture may be gone → Find deleted pictures → Any deleted?
                    yes → Pictures deleted
→ Report suspicious labels → Judge → Better?   no → Model refused
                                                       nobody can say → Held for a person
→ Publish release → Register release → Approved?   a person is to say so → Waits for approval
                    yes → Start rollout → Release published
                                                               any accident → Retraining failed
"""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lambdas import (
    assemble_dataset,
    copy_pictures,
    find_deleted,
    inspect_images,
    judge,
    publish_release,
    register_release,
    report_suspicious_labels,
    take_snapshot,
)
from lambdas.aws import items
from lensloop.dataset.inspection import InspectionUnfinished
from lensloop.dataset.lists import ConversionUnfinished
from lensloop.importing import provenance
from lensloop.model.imported import ALGORITHM as IMPORTED
from lensloop.record import NO_MACHINE, PICTURES_DELETED, WAITS_FOR_APPROVAL
from lensloop.settings import Settings
from lensloop.steering import UNFINISHED
from lensloop.wire import names
from stacks.steps.access import allow
from stacks.steps.jsonata import EPOCH, jsonata
from stacks.steps.step import Call, Step, retry
from stacks.steps.workflow import ANY_ERROR, FAILURE, Workflow
from stacks.storage import StorageStack
from stacks.training.built_in import BuiltInSpec
from stacks.training.request import TrainingSpec
from stacks.training.states import Network, TrainingStates

# Training besides, a run lists the bucket, looks at what is new, judges and publishes; each of
# these within this.
_OTHER_STEPS = Duration.hours(6)
# By the class of the exception, or as Lambda names a function that was out of time or memory.
_UNFINISHED = (
    InspectionUnfinished.__name__,
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "States.Timeout",
    "Lambda.Unknown",
)
# What every step is given that looks at the model of this run.
_TRAINED = {"epoch": EPOCH, "digest": "$dataset.digest", "model": "$training.model"}
_ALREADY_STARTED = "StepFunctions.ExecutionAlreadyExistsException"


class RetrainingWorkflow(Workflow):
    def __init__(
        self,
        scope: Construct,
        *,
        prefix: str,
        settings: Settings,
        storage: StorageStack,
        training: TrainingSpec,
        built_in: BuiltInSpec | None = None,
        rollout: sfn.IStateMachine,
        tell: lambda_.IFunction,
        steer: lambda_.IFunction,
    ) -> None:
        super().__init__(
            scope,
            "Retraining",
            name="retraining",
            prefix=prefix,
            settings=settings,
            storage=storage,
            tell=tell,
            keeps=(
                *("snapshot", "dataset", "copies", "artefact", "machine", "training", "deleted"),
                *("doubts", "verdict", "release", "registered"),
            ),
        )
        take_snapshot = self._take_snapshot()
        inspect = self._inspect()
        assemble = self._assemble(settings)
        report = self._report_suspicious_labels()
        judge = self._judge()
        publish = self._publish_release()

        # It only shows people where to look: the verdict does without it.
        unknown = {"count": 0, "sentences": [], "failure": FAILURE}
        report.add_catch(judge, errors=ANY_ERROR, assign={"doubts": unknown})

        roll_out = self._start_rollout(
            rollout, then=self._end_of_model("Release published", "released")
        )
        approved = self.ask(
            "Approved?",
            ("$release.waits", self._end_of_model("Waits for approval", WAITS_FOR_APPROVAL)),
            otherwise=roll_out,
        )
        release = publish.next(self._register_release(training, then=approved))
        judged = report.next(judge).next(
            self.ask(
                "Better?",
                ("$verdict.ship", release),
                ("$verdict.hold", self._end_of_model("Held for a person", "held")),
                otherwise=self._end_of_model("Model refused", "refused"),
            )
        )
        train = TrainingStates(
            self,
            prefix=prefix,
            settings=settings,
            spec=training,
            then=judged,
            network=Network(spec=built_in, copy=self._copy_pictures()) if built_in else None,
            pictures=self._find_deleted(),
            no_machine=self.end(
                "No machine free",
                NO_MACHINE,
                digest="$dataset.digest",
                reasons="[$machine.reasons]",
            ),
        )
        trained_already = self.ask(
            "Trained already?",
            ("$dataset.model != null", self._take_trained_model(then=judged)),
            ("$dataset.imported != null", self._take_imported_model(then=train.judge)),
            otherwise=train.start,
        )
        enough = self.ask(
            "Enough to train?",
            ("$dataset.trainable", trained_already),
            ("$dataset.misplaced", self._end_of_data("Wrong folders", "wrong-folders")),
            otherwise=self._end_of_data("Too few images", "too-few-images"),
        )
        blocked = self.ask(
            "Blocked?",
            ("$dataset.blocked", self._end_of_data("Blocked", "blocked")),
            otherwise=enough,
        )
        anything_new = self.ask(
            "Anything new?",
            ("$dataset.changed", blocked),
            otherwise=self._roll_out_the_unproved(
                steer, then=self._end_of_data("Nothing new", "nothing-new")
            ),
        )
        self.machine = self.state_machine(
            take_snapshot.next(inspect).next(assemble).next(anything_new),
            timeout=train.longest.plus(_OTHER_STEPS),
            grants=[
                *train.grants(),
                allow("states:StartExecution", on=rollout.state_machine_arn),
            ],
        )

    # Steps

    def _take_snapshot(self) -> Step:
        return self.step(
            "Take snapshot",
            take_snapshot.handler,
            payload={"epoch": EPOCH},
            keep="snapshot",
            may=[
                self.access.list_below(names.IMAGES_PREFIX),
                self.access.list_top(),
                self.access.read(names.DATASETS_PREFIX),
                self.access.write(names.INSPECTIONS_PREFIX),
                self.access.state("GetItem"),
            ],
            memory_mb=2048,
        )

    def _inspect(self) -> sfn.Map:
        """Every chunk is its own call, and
        a chunk that was inspected before is answered from what was written.
        """
        each = sfn.Map.jsonata(
            self,
            "Inspect new images",
            items=sfn.ProvideItems.jsonata(jsonata("[$snapshot.chunks]")),
            item_selector={"chunk": jsonata("$states.context.Map.Item.Value")},
            max_concurrency=8,
            outputs={"inspected": jsonata("$count($states.result)")},
        )
        chunk = self.step(
            "Inspect chunk",
            inspect_images.handler,
            payload={"chunk": "$states.input.chunk"},
            may=[
                self.access.read(names.IMAGES_PREFIX, names.INSPECTIONS_PREFIX),
                self.access.write(names.INSPECTIONS_PREFIX),
            ],
            memory_mb=1769,  # one vCPU, and room for the largest picture that inspection accepts
            with_pillow=True,
            caught=False,
        )
        # It stops before its time is up and keeps what it has: the next call goes on from there.
        retry(chunk, _UNFINISHED, attempts=20, seconds=1)
        each.item_processor(chunk)
        self.catch(each)
        return each

    def _assemble(self, settings: Settings) -> Step:
        golden_set = [names.GOLDEN_PREFIX] if settings.golden_set_accuracy else []
        return self.step(
            "Assemble data set",
            assemble_dataset.handler,
            payload={"epoch": EPOCH, "chunks": "[$snapshot.chunks]"},
            keep="dataset",
            may=[
                self.access.list_below(names.FEATURES_PREFIX),
                self.access.list_below(provenance.PREFIX),
                self.access.read(
                    *(names.DATASETS_PREFIX, names.TRAINING_PREFIX),
                    *(names.FEATURES_PREFIX, names.IMPORTS_PREFIX, names.RELEASES_PREFIX),
                ),
                self.access.write(names.DATASETS_PREFIX),
                self.access.state("GetItem"),
                self.access.updates(items.TRIGGER, items.SPLIT),
                self.access.puts(items.DATASET),
                *(self.access.list_below(prefix) for prefix in golden_set),
            ],
            memory_mb=3008,
        )

    def _copy_pictures(self) -> Step:
        """Only for SageMaker's own algorithm, which reads neither every format nor every size."""
        copy = self.step(
            "Copy pictures",
            copy_pictures.handler,
            payload={"digest": "$dataset.digest", "live_epoch": "$dataset.live_epoch"},
            keep="copies",
            may=[
                self.access.read(
                    *(names.IMAGES_PREFIX, names.DATASETS_PREFIX),
                    *(names.RELEASES_PREFIX, names.TRAINING_PREFIX),
                ),
                self.access.list_below(names.COPIES_PREFIX),
                self.access.write(names.DATASETS_PREFIX),
            ],
            memory_mb=1769,  # one vCPU, and room for the largest picture that inspection accepts
            with_pillow=True,
        )
        # As an inspection: what is copied stays copied.
        retry(copy, (ConversionUnfinished.__name__, *_UNFINISHED[1:]), attempts=20, seconds=1)
        return copy

    def _find_deleted(self) -> sfn.Chain:
        """When the training failed itself, or for want of a file. That this step fails as well is
        not worth telling.
        """
        find = self.step(
            "Find deleted pictures",
            find_deleted.handler,
            payload={"digest": "$dataset.digest"},
            keep="deleted",
            may=[
                self.access.list_below(names.IMAGES_PREFIX),
                self.access.read(names.DATASETS_PREFIX),
            ],
            memory_mb=1024,
            caught=False,
        )
        find.add_catch(self.failure, errors=ANY_ERROR)
        began_anew = self.end(
            "Pictures deleted",
            PICTURES_DELETED,
            digest="$dataset.digest",
            reasons="[$deleted.reasons]",
        )
        return find.next(
            self.ask("Any deleted?", ("$deleted.count > 0", began_anew), otherwise=self.failure)
        )

    def _take_trained_model(self, then: sfn.IChainable) -> sfn.Chain:
        """What was trained on exactly these pictures needs another verdict only: the floors have
        changed, or the last run broke after it was judged.
        """
        taken = {"jobs": [], "model": jsonata("$dataset.model")}
        state = sfn.Pass.jsonata(self, "Take the trained model", assign={"training": taken})
        return state.next(then)

    def _take_imported_model(self, then: sfn.IChainable) -> sfn.Chain:
        """A person wants a model tried that was trained elsewhere: our job makes it one of ours."""
        taken = {"algorithm": IMPORTED, "uri": jsonata("$dataset.imported.uri")}
        state = sfn.Pass.jsonata(self, "Take the imported model", assign={"artefact": taken})
        return state.next(then)

    def _report_suspicious_labels(self) -> Step:
        return self.step(
            "Report suspicious labels",
            report_suspicious_labels.handler,
            payload=_TRAINED,
            keep="doubts",
            may=[
                self.access.read(names.TRAINING_PREFIX, names.DATASETS_PREFIX),
                self.access.write(names.DATASETS_PREFIX),
            ],
            memory_mb=1024,
            caught=False,
        )

    def _judge(self) -> Step:
        return self.step(
            "Judge",
            judge.handler,
            payload={
                **_TRAINED,
                "approved": "$dataset.approved",
                "live_gone": "$dataset.live_gone",
            },
            keep="verdict",
            may=[
                self.access.read(names.TRAINING_PREFIX),
                self.access.state("GetItem", "ConditionCheckItem"),
                self.access.puts(items.TRAINED),
            ],
            memory_mb=1769,  # the whole archive, as publishing
        )

    def _publish_release(self) -> Step:
        return self.step(
            "Publish release",
            publish_release.handler,
            payload={**_TRAINED, "slid": "$verdict.slid", "approved": "$dataset.approved"},
            keep="release",
            may=[
                self.access.read(names.TRAINING_PREFIX, names.RELEASES_PREFIX),
                self.access.write(names.RELEASES_PREFIX),
                self.access.state("GetItem", "ConditionCheckItem"),
                self.access.updates(items.CANDIDATE, items.APPROVAL, items.RELEASED),
                self.access.sign(),
            ],
            memory_mb=1769,
            addresses={"RELEASE_KEY": self._storage.first_key},
        )

    def _register_release(self, training: TrainingSpec, then: sfn.IChainable) -> sfn.Chain:
        """Whatever becomes of it, the release goes on to the cameras."""
        register = self.step(
            "Register release",
            register_release.handler,
            payload={
                **_TRAINED,
                "reasons": "[$verdict.reasons]",
                "waits": "$release.waits",
                "instead_of": "$release.instead_of",
            },
            keep="registered",
            may=[
                self.access.read(names.RELEASES_PREFIX, names.DATASETS_PREFIX),
                self.access.state("GetItem"),
                self.access.updates(items.PACKAGE),
                *self.access.new_version(),
                *self.access.lineage(self._prefix),
                *self._may_log_in_mlflow(),
                self.access.versions("UpdateModelPackage"),
            ],
            addresses={"TRAINING_IMAGE": training.image_uri},
            caught=False,
        )
        unknown = {"package": "", "problems": [], "failure": FAILURE}
        register.add_catch(then, errors=ANY_ERROR, assign={"registered": unknown})
        return register.next(then)

    def _may_log_in_mlflow(self) -> list[iam.PolicyStatement]:
        """An app has this one action for all of MLflow's API."""
        app = self._settings.mlflow_app_arn
        return [allow("sagemaker:CallMlflowAppApi", on=app)] if app else []

    def _start_rollout(self, rollout: sfn.IStateMachine, then: sfn.IChainable) -> sfn.Chain:
        """The rollout has this run's name,
        so that an epoch is rolled out once, however often this is tried.
        """
        start = tasks.StepFunctionsStartExecution.jsonata(
            self,
            "Start rollout",
            state_machine=rollout,
            name=jsonata("$states.context.Execution.Name"),
            input=sfn.TaskInput.from_object({"epoch": jsonata(EPOCH)}),
        )
        not_started = self.failing_end(
            "Rollout not started",
            "not-rolled-out",
            error=jsonata("$failure.Error"),
            cause="$failure.Cause",
        )
        start.add_catch(then, errors=[_ALREADY_STARTED])
        start.add_catch(not_started, errors=ANY_ERROR, assign={"failure": FAILURE})
        # The release is live already, so it is worth trying for half an hour (a wait is half a
        # minute on average). What fails for longer is a permission or a missing workflow, which
        # needs a person.
        retry(
            start,
            ("StepFunctions.AWSStepFunctionsException", "StepFunctions.ThrottlingException"),
            attempts=60,
        )
        return start.next(then)

    def _roll_out_the_unproved(self, steer: lambda_.IFunction, then: sfn.IChainable) -> sfn.Chain:
        """A release whose rollout broke, or that nobody answered, has its next try: at the latest
        with the daily sweep. It never keeps this run from its end.
        """
        call = Call(
            self, "Roll out what is unproved", steer, payload={"decision": f"'{UNFINISHED}'"}
        )
        self._called.append(steer)
        call.add_catch(then, errors=ANY_ERROR)
        return call.next(then)

    # Ends

    def _end_of_data(self, name: str, outcome: str) -> sfn.Chain:
        return self._end(name, outcome, "dataset")

    def _end_of_model(self, name: str, outcome: str) -> sfn.Chain:
        return self._end(name, outcome, "verdict")

    def _end(self, name: str, outcome: str, answered: str) -> sfn.Chain:
        """`answered`: what gives the reasons, and says by which standards."""
        return self.end(
            name,
            outcome,
            digest="$dataset.digest",
            reasons=f"[${answered}.reasons]",
            standards=f"${answered}.standards",
            imported="$dataset.imported = null ? '' : $dataset.imported.digest",
        )
